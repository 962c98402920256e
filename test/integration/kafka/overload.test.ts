/** HTTP and Kafka before one predictor that takes fewer calls than both would make. */

import { describe, expect, test } from 'vitest';
import { ceHeaders, irisPayloads, send } from '../../support/adapter.ts';
import { useBroker } from '../../support/broker.ts';
import { outputsOf, setFaults, useKafkaCases } from '../../support/kafka-case.ts';

const broker = await useBroker();

describe.skipIf(broker.missing)('the adaptive limit', () => {
  const begin = useKafkaCases(broker);

  test('sheds HTTP and never Kafka: each record is answered once, none goes to the error topic', async () => {
    const c = await begin({
      environment: {
        ...{ ADAPTIVE_CONCURRENCY: 'true', MAX_CONCURRENCY: '2', MAX_WAITING: '4' },
        KAFKA_WORKERS: '16',
        REQUEST_TIMEOUT_MS: '20000',
        OVERLOAD_DEADLINE_FRACTION: '0.05',
      },
    });
    setFaults(c.predictor, { delayMs: 50 });
    await c.send(0, 300);
    const adapter = await c.start();
    const event = { headers: ceHeaders(), body: irisPayloads.seldon };
    const statuses = new Set<number>();
    let isAnswered = false;
    const flood = async (): Promise<void> => {
      while (!isAnswered) statuses.add((await send(adapter.url, event)).status);
    };
    const floods = Array.from({ length: 20 }, flood);
    await c.answered(300);
    isAnswered = true;
    await Promise.all(floods);
    expect([...statuses].sort()).toEqual([200, 429]);
    expect(c.log.records(c.errors)).toEqual([]);
    expect(outputsOf(c)).toHaveLength(300);
    expect(new Set(outputsOf(c)).size).toBe(300);
  });
});
