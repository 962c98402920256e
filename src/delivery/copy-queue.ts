/**
 * Sends copies of payloads to a sink, beside the predictions that they are copies of.
 *
 * Q1 Adding never waits, never throws, and sends nothing itself: that is left to a later turn.
 * Q2 At most `maxCopies` copies of at most `maxBytes` together wait or are under way; what comes
 *    beyond is dropped and counted.
 * Q3 At most `concurrency` are sent at once. One that fails is counted, and not sent again.
 */

import type { Log, Now, Schedule } from './ports.ts';

export interface CopyQueueOptions {
  /** For messages: where the copies go. */
  readonly sink: string;
  readonly maxCopies: number;
  readonly maxBytes: number;
  readonly concurrency: number;
}

export type CopyEnd = 'sent' | 'failed' | 'dropped';

export interface CopyQueueDeps<Copy> {
  readonly send: (copy: Copy) => Promise<void>;
  readonly sizeOf: (copy: Copy) => number;
  readonly now: Now;
  readonly schedule: Schedule;
  readonly count: (end: CopyEnd) => void;
  readonly log: Log;
}

export interface CopyQueue<Copy> {
  readonly add: (copy: Copy) => void;
  /** How many wait or are under way. */
  readonly size: () => number;
  /** Takes no more, and sends what there is for so long; the rest is dropped. */
  readonly close: (timeoutMs: number) => Promise<void>;
}

/** Trouble is told once in so long. */
const silenceMs = 10_000;

/** Makes an empty queue. */
export function createCopyQueue<Copy>(
  options: CopyQueueOptions,
  deps: CopyQueueDeps<Copy>,
): CopyQueue<Copy> {
  const waiting = new Set<Copy>();
  let underWay = 0;
  let bytes = 0;
  let isDue = false;
  let isClosed = false;
  let toldAt = Number.NEGATIVE_INFINITY;
  let lost = 0;
  let emptied = (): void => undefined;

  const lose = (end: 'failed' | 'dropped', reason: string): void => {
    deps.count(end);
    lost += 1;
    if (deps.now() - toldAt < silenceMs) return;
    toldAt = deps.now();
    deps.log.warn(
      { sink: options.sink, lost, reason },
      'copies of payloads were lost; predictions are not held up by it',
    );
    lost = 0;
  };

  const send = async (copy: Copy): Promise<void> => {
    try {
      await deps.send(copy);
      deps.count('sent');
    } catch (error) {
      lose('failed', error instanceof Error ? error.message : String(error));
    }
    underWay -= 1;
    bytes -= deps.sizeOf(copy);
    pump();
  };

  const pump = (): void => {
    for (const copy of waiting) {
      if (underWay >= options.concurrency) return;
      waiting.delete(copy);
      underWay += 1;
      void send(copy);
    }
    if (underWay === 0) emptied();
  };

  const pumpLater = (): void => {
    if (isDue) return;
    isDue = true;
    deps.schedule(0, () => {
      isDue = false;
      pump();
    });
  };

  const size = (): number => waiting.size + underWay;

  return {
    add: (copy) => {
      const length = deps.sizeOf(copy);
      if (isClosed || size() >= options.maxCopies || bytes + length > options.maxBytes) {
        const advice = 'raise LOGGER_MAX_COPIES, LOGGER_MAX_BYTES or LOGGER_CONCURRENCY';
        lose('dropped', `the sink takes them too slowly: ${advice}, or mend the sink`);
        return;
      }
      bytes += length;
      waiting.add(copy);
      pumpLater();
    },
    size,
    close: async (timeoutMs) => {
      isClosed = true;
      if (size() === 0) return;
      await new Promise<void>((resolve) => {
        const callOff = deps.schedule(timeoutMs, resolve);
        emptied = () => {
          callOff();
          resolve();
        };
        pump();
      });
      for (const copy of waiting) {
        waiting.delete(copy);
        lose('dropped', 'the adapter stopped before the sink had taken them');
      }
    },
  };
}
