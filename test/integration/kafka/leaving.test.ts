/** A member whose own predictor is broken leaves its partitions to the others (design.md §3.4). */

import { describe, expect, test } from 'vitest';
import { createIrisPredictor, type IrisPredictor } from '../../../src/demo/iris/predictor.ts';
import { useBroker } from '../../support/broker.ts';
import {
  eventually,
  type KafkaCase,
  outputsOf,
  setFaults,
  useKafkaCases,
} from '../../support/kafka-case.ts';

const broker = await useBroker();

const membersOf = async (c: KafkaCase): Promise<number> => {
  const { groups } = await c.admin.describeGroups([c.group]);
  return groups[0]?.state === 'Stable' ? groups[0].members.length : -1;
};

const countOf = async (c: KafkaCase): Promise<number> =>
  (await c.admin.describeGroups([c.group])).groups[0]?.members.length ?? 0;

const untilMembers = (c: KafkaCase, count: number): Promise<void> =>
  eventually(`${count} members`, async () => (await membersOf(c)) === count);

describe.skipIf(broker.missing)('the Kafka path, when predictors break', () => {
  const begin = useKafkaCases(broker);
  const environment = { KAFKA_LEAVE_AFTER_MS: '500', KAFKA_MAX_ATTEMPTS: '3' };

  /** Three members, each with a predictor of its own. */
  const beginThree = async () => {
    const c = await begin({ partitions: 6, environment });
    const predictors: IrisPredictor[] = [];
    for (let i = 0; i < 3; i += 1) {
      const predictor = await createIrisPredictor();
      predictors.push(predictor);
      await c.start({ PREDICTOR_URL: predictor.url });
    }
    await untilMembers(c, 3);
    const [broken, ...sound] = predictors as [IrisPredictor, ...IrisPredictor[]];
    const close = async () => {
      for (const predictor of predictors) await predictor.close();
    };
    return { c, broken, sound, predictors, close };
  };

  test.each([
    ['calls itself not ready', { notReady: true, status: 503 }],
    ['still loads its model', { loading: true }],
    ['calls itself ready and answers 404 to everything', { status: 404 }],
  ])(
    'of three members one has a predictor that %s: the others answer everything',
    async (_, faults) => {
      const { c, broken, close } = await beginThree();
      try {
        await c.send(0, 60);
        await c.answered(60);
        setFaults(broken, faults);
        await c.send(60, 180);
        await c.answered(180);
        let sent = 180;
        const send = async (count: number): Promise<void> => {
          await c.send(sent, sent + count);
          sent += count;
        };
        // A member that comes back to look learns only by records that nobody is served yet.
        await eventually('2 members', async () => {
          if ((await membersOf(c)) === 2) return true;
          await send(6);
          return false;
        });
        await send(60);
        await c.answered(sent);
        const before = broken.counters.predictions;
        setFaults(broken, {});
        await untilMembers(c, 3);
        await send(60);
        await c.answered(sent);
        expect(broken.counters.predictions).toBeGreaterThan(before);
        expect(c.log.records(c.errors)).toEqual([]);
        expect(new Set(outputsOf(c)).size).toBe(sent);
      } finally {
        await close();
      }
    },
  );

  test('with all predictors broken the group comes to rest, and all goes on when they are mended', async () => {
    const { c, predictors, close } = await beginThree();
    try {
      for (const predictor of predictors) setFaults(predictor, { notReady: true, status: 503 });
      await c.send(0, 60);
      // The last one stays, unless the last two leave in the same moment, one just before the other.
      await eventually('at most one member, and nobody who comes or goes', async () => {
        const counts = new Set<number>();
        for (let i = 0; i < 30; i += 1) {
          counts.add(await countOf(c));
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        return counts.size === 1 && Math.max(...counts) <= 1;
      });
      for (const predictor of predictors) setFaults(predictor, {});
      await c.answered(60);
      await untilMembers(c, 3);
      expect(c.log.records(c.errors)).toEqual([]);
      expect(new Set(outputsOf(c)).size).toBe(60);
    } finally {
      await close();
    }
  });
});
