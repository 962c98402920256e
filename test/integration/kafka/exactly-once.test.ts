/** Each input is answered exactly once for a read_committed reader (design.md §3.4). */

import { describe, expect, test } from 'vitest';
import { useBroker } from '../../support/broker.ts';
import {
  divertedOf,
  eventually,
  isAscending,
  type KafkaCase,
  outputsOf,
  setFaults,
  untilWritten,
  useKafkaCases,
} from '../../support/kafka-case.ts';

const broker = await useBroker();

const all = (count: number): number[] => [...Array(count).keys()];

/** The numbers of the events answered anywhere, in order; a repeat shows. */
const answersOf = (c: KafkaCase): number[] =>
  [...outputsOf(c), ...divertedOf(c)].toSorted((a, b) => a - b);

const committedAll = (c: KafkaCase, each: number): Promise<void> =>
  eventually('all is committed', async () => (await c.committed()).every((o) => o === each));

describe.skipIf(broker.missing)('exactly once', () => {
  const begin = useKafkaCases(broker);
  const exactly = { KAFKA_DELIVERY: 'exactly-once', KAFKA_SESSION_TIMEOUT_MS: '6000' };

  test.each(['partition', 'key', 'none'])(
    'every input is answered once, and committed (order %s)',
    async (order) => {
      const c = await begin({ partitions: 3, environment: { ...exactly, KAFKA_ORDER: order } });
      await c.send(0, 600);
      await c.start();
      await c.answered(600);
      await committedAll(c, 200);
      expect(answersOf(c)).toEqual(all(600));
      if (order === 'partition') {
        for (const numbers of c.numbers(c.output)) expect(isAscending(numbers)).toBe(true);
      }
    },
  );

  test('SIGKILL again and again in full flow: nothing is answered twice, and nothing is lost', async () => {
    const c = await begin({ partitions: 2, environment: { ...exactly, KAFKA_ORDER: 'none' } });
    setFaults(c.predictor, { delayMs: 5, poison: 'POISON' });
    await c.send(0, 2_000, (n) => (n % 50 === 7 ? 'POISON' : ''));
    for (const target of [200, 500, 900]) {
      const adapter = await c.spawn({ KAFKA_MAX_ATTEMPTS: '2' });
      await untilWritten(c, 'output', target);
      await adapter.end('SIGKILL');
    }
    await c.start({ KAFKA_MAX_ATTEMPTS: '2' });
    await c.answered(2_000);
    await committedAll(c, 1_000);
    expect(answersOf(c)).toEqual(all(2_000));
    expect(divertedOf(c)).toHaveLength(40);
  });
});
