/** Ordering `key`: one after another within a key, side by side across keys (design.md §3.4). */

import type { Message } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { useBroker } from '../../support/broker.ts';
import {
  divertedOf,
  eventRecord,
  isAscending,
  type KafkaCase,
  numberOf,
  outputsOf,
  setFaults,
  useKafkaCases,
} from '../../support/kafka-case.ts';

const broker = await useBroker();

/** The numbers answered in the output topic, by key, in the order written. */
function outputsByKey(c: KafkaCase): Map<string | null, number[]> {
  const byKey = new Map<string | null, number[]>();
  for (const record of c.log.records(c.output)) {
    const numbers = byKey.get(record.key) ?? [];
    numbers.push(numberOf(record));
    byKey.set(record.key, numbers);
  }
  return byKey;
}

/** Event number `n` with one of so many keys, each of which stays in one of two partitions. */
const keyed = (n: number, keys: number): Message => ({
  ...eventRecord(n, 2, `number ${n};`),
  key: `key-${n % keys}`,
  partition: (n % keys) % 2,
});

/** The same numbers in [0, 1) in every run. */
function pseudoRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

describe.skipIf(broker.missing)('ordering key', () => {
  const begin = useKafkaCases(broker);
  const environment = { KAFKA_ORDER: 'key', KAFKA_WORKERS: '16', KAFKA_MAX_ATTEMPTS: '50' };

  test('outputs of every key stand in input order, whatever fails in between, and keys overlap beyond the partitions', async () => {
    const c = await begin({ environment });
    const random = pseudoRandom(7);
    const lastCalled = new Map<number, number>();
    const outOfTurn: number[] = [];
    setFaults(c.predictor, {
      statusFor: (body) => {
        const n = Number(/number (\d+);/.exec(body.toString())?.[1]);
        if ((lastCalled.get(n % 40) ?? -1) > n) outOfTurn.push(n);
        lastCalled.set(n % 40, n);
        c.predictor.faults.delayMs = 2 + Math.floor(random() * 12);
        return random() < 0.12 ? 500 : undefined;
      },
    });
    await c.produce([...Array(1_000).keys()].map((n) => keyed(n, 40)));
    await c.start();
    await c.answered(1_000);
    expect(divertedOf(c)).toEqual([]);
    expect(outputsOf(c)).toHaveLength(1_000);
    const byKey = outputsByKey(c);
    expect(byKey.size).toBe(40);
    for (const numbers of byKey.values()) expect(isAscending(numbers)).toBe(true);
    expect(outOfTurn).toEqual([]);
    expect(c.predictor.counters.maxConcurrent).toBeGreaterThan(8);
    expect(c.predictor.counters.maxConcurrent).toBeLessThanOrEqual(16);
  });

  test('a record that fails holds up its own key alone', async () => {
    const c = await begin({ environment: { ...environment, KAFKA_MAX_ATTEMPTS: '1000' } });
    setFaults(c.predictor, { poison: 'number 3;' });
    await c.produce([...Array(200).keys()].map((n) => keyed(n, 10)));
    await c.start();
    await c.log.until('all outputs but those of its key', () => outputsOf(c).length >= 180);
    expect(outputsOf(c)).toHaveLength(180);
    expect(outputsOf(c).filter((n) => n % 10 === 3)).toEqual([]);
    setFaults(c.predictor, {});
    await c.answered(200);
    expect(outputsOf(c)).toHaveLength(200);
    for (const numbers of outputsByKey(c).values()) expect(isAscending(numbers)).toBe(true);
  });

  test('a poisonous record goes to the error topic, and its key goes on behind it', async () => {
    const c = await begin({ environment: { ...environment, KAFKA_MAX_ATTEMPTS: '3' } });
    setFaults(c.predictor, { poison: 'number 3;' });
    await c.produce([...Array(100).keys()].map((n) => keyed(n, 10)));
    await c.start();
    await c.answered(100);
    expect(divertedOf(c)).toEqual([3]);
    expect(outputsByKey(c).get('key-3')).toEqual([13, 23, 33, 43, 53, 63, 73, 83, 93]);
  });

  test('records without a key are one lane in each partition', async () => {
    const c = await begin({ environment });
    setFaults(c.predictor, { delayMs: 5 });
    await c.send(0, 60);
    await c.start();
    await c.answered(60);
    for (const numbers of c.numbers(c.output)) expect(isAscending(numbers)).toBe(true);
    expect(c.predictor.counters.maxConcurrent).toBe(2);
  });
});
