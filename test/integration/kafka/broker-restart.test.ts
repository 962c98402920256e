/** The Kafka path recovers by itself when its broker dies (design.md §3.4). */

import { describe, expect, test } from 'vitest';
import { startKafkaBroker } from '../../../src/demo/kafka-broker.ts';
import { brokerOptions, kafkaMissing } from '../../support/broker.ts';
import {
  createKafkaCase,
  firstOccurrences,
  isAscending,
  numberOf,
  setFaults,
} from '../../support/kafka-case.ts';

const missing = await kafkaMissing();

describe.skipIf(missing)('the Kafka path, when its broker dies', () => {
  test('kill -9 of the broker in the middle of the work: it goes on by itself, and nothing is lost', async () => {
    const broker = await startKafkaBroker(brokerOptions);
    const c = await createKafkaCase({
      brokers: broker.brokers,
      environment: { KAFKA_WORKERS: '8', KAFKA_REQUEST_TIMEOUT_MS: '5000' },
    });
    try {
      setFaults(c.predictor, { delayMs: 10 });
      await c.send(0, 1_000);
      const adapter = await c.spawn();
      await c.log.until('some outputs', () => c.log.records(c.output).length >= 200);
      await broker.kill();
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      await broker.start();
      await c.send(1_000, 1_200);
      await c.answered(1_200);
      expect(c.log.records(c.errors).map(numberOf)).toEqual([]);
      for (const numbers of c.numbers(c.output)) {
        expect(isAscending(firstOccurrences(numbers))).toBe(true);
      }
      expect(await adapter.end('SIGTERM')).toBe(0);
      expect(await c.committed()).toEqual([600, 600]);
    } finally {
      await c.close();
      await broker.close();
    }
  });

  test('a broker that is not there at the start is waited for, and the log says so', async () => {
    const broker = await startKafkaBroker(brokerOptions);
    const c = await createKafkaCase({ brokers: broker.brokers });
    try {
      await broker.stop();
      const adapter = await c.spawn();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      expect(adapter.output()).toContain('Kafka cannot be used; trying again');
      await broker.start();
      await c.send(0, 20);
      await c.answered(20);
    } finally {
      await c.close();
      await broker.close();
    }
  });
});
