/** What each kind of fault does. Whatever one needs for itself it holds by its lock. */

import { writeFile } from 'node:fs/promises';
import type { Faults } from '../../src/demo/iris/faults.ts';
import type { Cluster } from './cluster.ts';
import { saslUser } from './cluster.ts';
import type { Feeder } from './feeder.ts';
import { holdAll } from './lock.ts';
import type { OffsetTools } from './offsets.ts';
import { sleep, until } from './patience.ts';
import type { Pod } from './pod.ts';
import type { Fault, FaultKind } from './schedule.ts';
import { type CellTopics, refuseErrors } from './topics.ts';

export interface InjectDeps {
  readonly cluster: Cluster;
  readonly topics: CellTopics;
  readonly pods: readonly Pod[];
  /** Runs only between `member added` and `member taken away`. */
  readonly spare: Pod;
  readonly feeder: Feeder;
  readonly offsets: OffsetTools;
  /** What the adapters read their password from. */
  readonly passwordFile: string;
  /** Whether no more faults are to begin: on a slow machine those that wait for a lock pile up. */
  readonly late: () => boolean;
  /** Offsets that the adapters' metrics are to have counted as removed. */
  readonly countMissed: (offsets: number) => void;
}

/**
 * Resolves when the fault is over and what it held is let go.
 * @returns false where its turn came too late, and nothing was done
 */
export type Inject = (fault: Fault) => Promise<boolean>;

const missedMetric = 'seldon_eventing_kafka_records_missed_total';
const missedTimeoutMs = 60_000;

/** Makes what brings faults about in one cell. */
export function createInject(deps: InjectDeps): Inject {
  const { cluster, topics, pods, spare, offsets } = deps;
  const all = [...pods, spare];
  const podOf = (index: number): Pod => pods[index % pods.length] ?? spare;

  const alone = (taken: readonly Pod[], action: () => Promise<void>): Promise<boolean> =>
    holdAll(
      taken.map(({ lock }) => lock),
      async () => {
        if (deps.late()) return false;
        await action();
        return true;
      },
    );

  const kill = (pod: Pod): Promise<boolean> =>
    alone([pod], async () => {
      await pod.kill();
      await pod.start();
    });

  const spoil = async (spoilt: readonly Pod[], faults: Faults, forMs: number): Promise<boolean> => {
    await Promise.all(spoilt.map((pod) => pod.spoil(faults, forMs)));
    return true;
  };

  /**
   * While nobody is in the group; all that ran run again after it.
   * @param action resolves with how many offsets the adapters have to count as missed
   */
  const whileEmpty = (action: () => Promise<number>): Promise<boolean> =>
    alone(all, async () => {
      const running = all.filter((pod) => pod.runs());
      await Promise.all(running.map((pod) => pod.stop()));
      let missed = 0;
      try {
        await offsets.emptied();
        missed = await action();
      } finally {
        await Promise.all(running.map((pod) => pod.start()));
      }
      if (missed > 0) await untilCounted(running, missed);
      await offsets.real();
    });

  const untilCounted = async (running: readonly Pod[], missed: number): Promise<void> => {
    let counted = 0;
    await until(`${missed} removed records are counted`, missedTimeoutMs, async () => {
      const values = await Promise.all(running.map((pod) => pod.metric(missedMetric)));
      counted = values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
      return counted >= missed;
    });
    if (counted > missed) throw new Error(`${missed} records were removed, ${counted} are counted`);
    deps.countMissed(counted);
  };

  const nothing = async (action: Promise<void>): Promise<number> => {
    await action;
    return 0;
  };

  const actions: Readonly<Record<FaultKind, Inject>> = {
    'adapter killed': ({ target }) => kill(podOf(target)),
    'adapter frozen': ({ target, forMs }) =>
      alone([podOf(target)], () => podOf(target).freeze(forMs)),
    'member added': () =>
      alone([spare], async () => {
        if (!spare.runs()) await spare.start();
      }),
    'member taken away': () => alone([spare], spare.stop),
    'broker killed': async ({ target, forMs }) => {
      await cluster.bounce(target, forMs);
      return true;
    },
    'offsets expired': () => whileEmpty(() => nothing(offsets.expire())),
    'offset beyond the end': ({ target }) => whileEmpty(() => nothing(offsets.moveBeyond(target))),
    'records removed': ({ target }) => whileEmpty(() => offsets.removeUnanswered(target)),
    'transactions in the input': async () => {
      await deps.feeder.transactions();
      return true;
    },
    'predictor: 500': ({ forMs }) => spoil(all, { status: 500 }, forMs),
    'predictor: 503, Retry-After': ({ forMs }) =>
      spoil(all, { status: 503, headers: { 'Retry-After': '1' } }, forMs),
    'predictor: connections reset': ({ forMs }) => spoil(all, { reset: true }, forMs),
    'predictor: slow': ({ forMs }) => spoil(all, { delayMs: 200 }, forMs),
    'predictor: hangs': ({ forMs }) => spoil(all, { hang: true }, forMs),
    'predictor: every third call fails': ({ forMs }) => spoil(all, { failEvery: 3 }, forMs),
    'model of one member broken': ({ target, forMs }) =>
      spoil([podOf(target)], { status: 500 }, forMs),
    'error topic refused': async ({ forMs }) => {
      await refuseErrors(cluster, topics, true);
      await sleep(forMs);
      await refuseErrors(cluster, topics, false);
      return true;
    },
    'credentials refused': async ({ target, forMs }) => {
      await writeFile(deps.passwordFile, 'the-password-before-the-last');
      const restored = sleep(forMs).then(() => writeFile(deps.passwordFile, saslUser.password));
      // Connections that stand are not asked again: somebody has to come anew. Whoever holds the
      // lock may be waiting for an adapter to come in.
      const [killed] = await Promise.all([kill(podOf(target)), restored]);
      return killed;
    },
  };
  return (fault) => actions[fault.kind](fault);
}
