/**
 * What is looked after every few seconds while the Kafka path runs: offsets that are no offsets,
 * how far the partitions reach, whether anything moves at all (watchdog.ts), and whether Kafka
 * answers: kafkajs' consumer waits for absent brokers without a word, and a member that has nothing
 * to write or commit would be silent with it.
 */

import type { Log, Now, Schedule } from '../delivery/ports.ts';
import { createRepeatedFault, type RepeatedFault } from '../delivery/repeated-fault.ts';
import { createWatchdog } from '../delivery/watchdog.ts';

export interface UpkeepOptions {
  /** For the log. */
  readonly brokers: readonly string[];
  /** See KAFKA_STUCK_AFTER_MS; in ms, 0: never. */
  readonly stuckAfterMs: number;
}

export interface UpkeepDeps {
  readonly isMember: () => boolean;
  /** Puts offsets right; resolves with the records from our committed offsets on. */
  readonly repair: () => Promise<number>;
  /** Rejects where the broker cannot be asked. */
  readonly ask: () => Promise<unknown>;
  /** Something is waited for on purpose. */
  readonly excused: () => boolean;
  readonly now: Now;
  readonly schedule: Schedule;
  readonly log: Log;
}

export interface Upkeep {
  readonly start: () => void;
  readonly close: () => void;
  /** Something happened to a record. */
  readonly progressed: () => void;
  /** Resolves when the membership that begins now is to be given up. */
  readonly membership: () => Promise<Error>;
  /** What is wrong, where a restart of the membership did not help; else undefined. */
  readonly stuck: () => string | undefined;
  /** Kafka does not answer us. */
  readonly unanswered: Pick<RepeatedFault, 'lastingMs' | 'state'>;
}

const everyMs = 10_000;

/** Makes an upkeep that has not begun. */
export function createUpkeep(options: UpkeepOptions, deps: UpkeepDeps): Upkeep {
  const { log } = deps;
  const watchdog = createWatchdog(options.stuckAfterMs, deps);
  const unanswered = createRepeatedFault(
    {
      level: 'warn',
      message: 'Kafka does not answer; nothing can be read from it',
      over: 'Kafka answers again',
    },
    deps,
  );
  let closed = false;
  let progress = 0;
  let lag = 0;
  let restarting = false;
  let stuck: string | undefined;
  let giveUp: (error: Error) => void = () => undefined;

  const look = async (): Promise<void> => {
    const member = deps.isMember();
    try {
      // While we are away for a reason of our own, nothing is to be repaired.
      if (member) lag = await deps.repair();
      else if (restarting || unanswered.lastingMs() > 0) await deps.ask();
      if (member || restarting || unanswered.lastingMs() > 0) unanswered.succeeded();
    } catch (error) {
      unanswered.failed(error, { brokers: options.brokers });
      watchdog.look(undefined);
      stuck = undefined;
      return;
    }
    const excused = deps.excused() || (!member && !restarting);
    const diagnosis = watchdog.look({ lag, progress, excused });
    const seconds = Math.round(options.stuckAfterMs / 1_000);
    const found = `${lag} records wait and none was worked on for ${seconds} s, though nothing holds them back`;
    if (diagnosis === 'restart') {
      log.error({ lag }, `${found}; the membership in the group is begun anew`);
      restarting = true;
      giveUp(new Error(found));
    } else if (diagnosis === 'stuck' && stuck === undefined) {
      stuck = `${found}, and a new membership in the group did not help`;
      log.error({ lag }, `${stuck}; liveness fails from now on`);
    } else if (diagnosis === 'fine') stuck = undefined;
  };

  const lookNowAndThen = (): void => {
    deps.schedule(everyMs, () => {
      if (closed) return;
      void look().finally(lookNowAndThen);
    });
  };

  return {
    start: lookNowAndThen,
    close: () => {
      closed = true;
    },
    progressed: () => {
      progress += 1;
      restarting = false;
    },
    membership: () =>
      new Promise((resolve) => {
        giveUp = resolve;
      }),
    stuck: () => stuck,
    unanswered,
  };
}
