/** Micro-batching of Kafka records, on a real broker (BATCH_MAX_SIZE). */

import type { Message } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { useBroker } from '../../support/broker.ts';
import {
  divertedOf,
  eventRecord,
  eventually,
  isAscending,
  outputsOf,
  setFaults,
  useKafkaCases,
} from '../../support/kafka-case.ts';

const broker = await useBroker();
const batching = { BATCH_MAX_SIZE: '16', KAFKA_WORKERS: '64', KAFKA_MAX_ATTEMPTS: '3' };

/** Record number `n`, whose row no other one has. */
const record = (n: number): Message => ({
  ...eventRecord(n, 2),
  value: `{"data":{"ndarray":[[${n}.5,3.5,1.4,0.2]]}}`,
});
const records = (count: number): Message[] => Array.from({ length: count }, (_, n) => record(n));

describe.skipIf(broker.missing)('micro-batching of records', () => {
  const begin = useKafkaCases(broker);

  test.each(['partition', 'none'])(
    'one poisonous record of a thousand costs only itself, in far fewer calls (order %s)',
    async (order) => {
      const c = await begin({ environment: { ...batching, KAFKA_ORDER: order } });
      setFaults(c.predictor, { poison: '[500.5,' });
      await c.produce(records(1_000));
      await c.start();
      await c.answered(1_000);
      expect(divertedOf(c)).toEqual([500]);
      expect(c.log.records(c.errors)[0]?.headers).toMatchObject({
        'seldon-error-code': 'PREDICTOR_FAILED',
        'seldon-error-attempts': '3',
      });
      expect(outputsOf(c).toSorted((a, b) => a - b)).toEqual(
        [...Array(1_000).keys()].filter((n) => n !== 500),
      );
      if (order === 'partition') {
        for (const numbers of c.numbers(c.output)) expect(isAscending(numbers)).toBe(true);
      }
      expect(c.predictor.counters.predictions).toBeLessThan(400);
      await eventually('all is committed', async () =>
        (await c.committed()).every((offset) => offset === 500),
      );
    },
  );

  test('each record gets the prediction of its own row', async () => {
    const c = await begin({ environment: batching });
    await c.produce(records(200));
    await c.start();
    await c.answered(200);
    const [first, ...others] = c.log.records(c.output).map(({ headers, value }) => ({
      n: Number(headers['ce_causationid']),
      value: value?.toString() ?? '',
    }));
    expect(others).toHaveLength(199);
    for (const { n, value } of [first, ...others].filter((one) => one !== undefined)) {
      const answer = await fetch(`${c.predictor.url}/predict`, {
        method: 'POST',
        body: String(record(n).value),
      });
      expect(value).toBe(await answer.text());
    }
  });
});
