/** Nothing sits idle in silence: what an outage says, in the log, the metrics and the health answers. */

import { describe, expect, test } from 'vitest';
import { startKafkaBroker } from '../../../src/demo/kafka-broker.ts';
import type { AdapterProcess } from '../../support/adapter-process.ts';
import { brokerOptions, kafkaMissing } from '../../support/broker.ts';
import { createKafkaCase, eventually, setFaults } from '../../support/kafka-case.ts';
import { apiKey, startKafkaProxy } from '../../support/kafka-proxy.ts';

const missing = await kafkaMissing();

interface Line {
  readonly level: string;
  readonly msg: string;
}

/** Everything an adapter said so loud that somebody should look: `warn` and above. */
const complaints = (adapter: AdapterProcess): string[] =>
  adapter
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)
    .filter(({ level }) => level === 'warn' || level === 'error')
    .map(({ msg }) => msg);

const bodyOf = async (adapter: AdapterProcess, path: string): Promise<string> =>
  (await fetch(adapter.url + path)).text();

const statusOf = async (adapter: AdapterProcess, path: string): Promise<number> =>
  (await fetch(adapter.url + path)).status;

describe.skipIf(missing)('while Kafka is away', () => {
  test('a member that has nothing to do says so, since when, and that it is over', async () => {
    const broker = await startKafkaBroker(brokerOptions);
    const c = await createKafkaCase({
      brokers: broker.brokers,
      environment: { KAFKA_SESSION_TIMEOUT_MS: '60000', KAFKA_REQUEST_TIMEOUT_MS: '3000' },
    });
    try {
      const adapter = await c.spawn();
      await c.send(0, 4);
      await c.answered(4);
      await eventually('all is committed', async () => (await c.committed()).join() === '2,2');
      await broker.kill();
      await eventually('it is told', () =>
        adapter.output().includes('Kafka does not answer; nothing can be read from it'),
      );
      const health = JSON.parse(await bodyOf(adapter, '/readyz'));
      // Taking the pod out of its Service would not help Kafka.
      expect(health.ready).toBe(true);
      expect(health.parts.kafka).toMatch(
        /^a member of the consumer group; Kafka does not answer for \d+ s, \d+ tr/,
      );
      const metric = /kafka_unanswered_seconds\{[^}]*\} (\S+)/;
      await eventually('the metric rises', async () => {
        const [, seconds] = metric.exec(await bodyOf(adapter, '/metrics')) ?? [];
        return Number(seconds) > 0.5;
      });
      await broker.start();
      await eventually('it is over', () => adapter.output().includes('Kafka answers again'));
      const [, seconds] = metric.exec(await bodyOf(adapter, '/metrics')) ?? [];
      expect(Number(seconds)).toBe(0);
      expect(JSON.parse(await bodyOf(adapter, '/readyz')).parts.kafka).toBe(
        'a member of the consumer group',
      );
      await c.send(4, 20);
      await c.answered(20);
      expect(await adapter.end('SIGTERM')).toBe(0);
    } finally {
      await c.close();
      await broker.close();
    }
  });

  test('one that has work tells what it cannot do now and then, not every time, and when it can again', async () => {
    const broker = await startKafkaBroker(brokerOptions);
    const c = await createKafkaCase({
      brokers: broker.brokers,
      environment: { KAFKA_SESSION_TIMEOUT_MS: '60000', KAFKA_REQUEST_TIMEOUT_MS: '3000' },
    });
    try {
      setFaults(c.predictor, { delayMs: 10 });
      const adapter = await c.spawn();
      await c.send(0, 2_000);
      await c.log.until('some outputs', () => c.log.records(c.output).length >= 200);
      await broker.kill();
      await new Promise((resolve) => setTimeout(resolve, 12_000));
      const said = complaints(adapter);
      expect(said).toContain('records cannot be written; nothing is committed until they are');
      // At once and 5 s later, of a handful of faults, each with its own words.
      for (const text of said)
        expect(said.filter((other) => other === text).length).toBeLessThan(5);
      expect(said.length).toBeLessThan(20);
      await broker.start();
      await c.answered(2_000);
      await eventually('it is over', () => adapter.output().includes('records are written again'));
      expect(c.log.records(c.errors)).toEqual([]);
      expect(await adapter.end('SIGTERM')).toBe(0);
    } finally {
      await c.close();
      await broker.close();
    }
  });
});

describe.skipIf(missing)('a broker that answers everything but fetches', () => {
  test('the membership is begun anew, then liveness fails, and both are over with it', async () => {
    const proxy = await startKafkaProxy();
    const broker = await startKafkaBroker({ ...brokerOptions, properties: proxy.properties });
    const c = await createKafkaCase({ brokers: broker.brokers });
    try {
      const adapter = await c.spawn({
        KAFKA_BROKER: proxy.address,
        KAFKA_STUCK_AFTER_MS: '1000',
        ATTEMPT_TIMEOUT_MS: '500',
        KAFKA_REQUEST_TIMEOUT_MS: '1000',
        KAFKA_SESSION_TIMEOUT_MS: '60000',
      });
      await c.send(0, 20);
      await c.answered(20);
      expect(await statusOf(adapter, '/livez')).toBe(200);
      proxy.withhold([apiKey.fetch]);
      await eventually('the last fetch is over', () => proxy.suppressed() > 0);
      await c.send(20, 40);
      await eventually('the membership is begun anew', () =>
        adapter.output().includes('the membership in the group is begun anew'),
      );
      expect(await statusOf(adapter, '/livez')).toBe(200);
      await eventually('liveness fails', async () => (await statusOf(adapter, '/livez')) === 503);
      expect(await bodyOf(adapter, '/livez')).toContain('20 records wait');
      proxy.withhold([]);
      await c.answered(40);
      await eventually('it is alive', async () => (await statusOf(adapter, '/livez')) === 200);
      expect(c.log.records(c.errors)).toEqual([]);
    } finally {
      await c.close();
      await broker.close();
      await proxy.close();
    }
  });
});
