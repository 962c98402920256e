/** A consumer that sits idle in silence is begun anew, and told of where that does not help. */

import type { Consumer, ConsumerRunConfig, Kafka } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { now, schedule, wallClock } from '../../../src/commands/clock.ts';
import { createKafkaAdapter, type KafkaAdapter } from '../../../src/kafka/kafka-adapter.ts';
import { useBroker } from '../../support/broker.ts';
import { eventually, type KafkaCase, useKafkaCases } from '../../support/kafka-case.ts';

const broker = await useBroker();
const ignore = (): void => undefined;

/** Its consumers join, and take no batch while `deaf` says so: the worst of kafkajs' known faults. */
function silentKafka(kafka: Kafka, deaf: () => boolean): { kafka: Kafka; consumers: () => number } {
  let consumers = 0;
  const consumer = (...args: Parameters<Kafka['consumer']>): Consumer => {
    consumers += 1;
    const real = kafka.consumer(...args);
    const run = (config: ConsumerRunConfig): Promise<void> =>
      real.run({
        ...config,
        eachBatch: async (payload) => {
          if (!deaf()) await config.eachBatch?.(payload);
        },
      });
    return { ...real, run };
  };
  const silent = { admin: kafka.admin, producer: kafka.producer, logger: kafka.logger, consumer };
  return { kafka: Object.setPrototypeOf(silent, kafka) as Kafka, consumers: () => consumers };
}

function startAdapter(c: KafkaCase, kafka: Kafka): KafkaAdapter {
  const adapter = createKafkaAdapter(
    {
      brokers: broker.brokers,
      inputTopic: c.input,
      outputTopic: c.output,
      errorTopic: c.errors,
      consumerGroup: c.group,
      identity: { sdep: 'iris', namespace: 'default', predictor: 'default' },
      workers: 4,
      delivery: 'at-least-once',
      maxTransactionalPartitions: 1,
      transactionTimeoutMs: 60_000,
      ordering: 'partition',
      maxAttempts: 3,
      maxAhead: 100,
      retry: { baseMs: 10, maxMs: 100 },
      reset: 'earliest',
      sessionTimeoutMs: 10_000,
      leaveAfterMs: 0,
      rebalanceDrainMs: 1_000,
      stuckAfterMs: 1_000,
    },
    {
      kafka,
      process: async ({ key, value, headers, partition }) => ({
        kind: 'output',
        output: { key, value, headers, inputPartition: partition },
      }),
      predictorReady: () => true,
      mayConnect: () => true,
      now,
      wallClock,
      schedule,
      random: Math.random,
      log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
      count: ignore,
      countMissed: ignore,
    },
  );
  adapter.start();
  return adapter;
}

describe.skipIf(broker.missing)('a consumer that gets nothing though records wait', () => {
  const begin = useKafkaCases(broker);

  test('is begun anew once, then reported, and both are over when records come again', async () => {
    const c = await begin();
    let deaf = true;
    const silent = silentKafka(c.kafka, () => deaf);
    const adapter = startAdapter(c, silent.kafka);
    try {
      await c.send(0, 20);
      await eventually('a second membership', () => silent.consumers() === 2);
      expect(adapter.stuck()).toBeUndefined();
      await eventually('it is reported', () => adapter.stuck() !== undefined);
      expect(adapter.stuck()).toContain('20 records wait');
      deaf = false;
      await c.answered(20);
      await eventually('the report is over', () => adapter.stuck() === undefined);
      expect(silent.consumers()).toBe(2);
    } finally {
      await adapter.close(1_000);
    }
  });
});
