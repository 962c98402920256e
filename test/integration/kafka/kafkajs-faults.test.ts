/** Known faults of kafkajs that no other test shows to cost nothing here: docs/kafkajs-faults.md. */

import { afterEach, describe, expect, test } from 'vitest';
import { startKafkaBroker } from '../../../src/demo/kafka-broker.ts';
import { brokerOptions, useBroker } from '../../support/broker.ts';
import {
  createKafkaCase,
  eventRecord,
  eventually,
  firstOccurrences,
  isAscending,
  type KafkaCase,
  setFaults,
  useKafkaCases,
} from '../../support/kafka-case.ts';
import { apiKey, startKafkaProxy } from '../../support/kafka-proxy.ts';

const broker = await useBroker();

const metricOf = async (url: string, name: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)`, 'm').exec(text)?.[1] ?? Number.NaN);
};

describe.skipIf(broker.missing)('a member that slept through its session', () => {
  const begin = useKafkaCases(broker);
  const stopped: number[] = [];
  // A stopped process would not die of a signal that it can handle.
  afterEach(() => {
    for (const pid of stopped.splice(0)) process.kill(pid, 'SIGCONT');
  });

  test('takes nothing back of what its successor committed, and nothing is lost or out of order', async () => {
    const c = await begin({
      partitions: 2,
      environment: { KAFKA_SESSION_TIMEOUT_MS: '6000', KAFKA_REQUEST_TIMEOUT_MS: '3000' },
    });
    setFaults(c.predictor, { delayMs: 20 });
    await c.send(0, 1_000);
    const sleeper = await c.spawn();
    await c.log.until('some outputs', () => c.log.records(c.output).length >= 100);
    process.kill(sleeper.pid, 'SIGSTOP');
    stopped.push(sleeper.pid);
    await c.start();
    await c.answered(1_000);
    await eventually('all is committed', async () => (await c.committed()).join() === '500,500');
    process.kill(sleeper.pid, 'SIGCONT');
    stopped.length = 0;
    await eventually('it has joined again', () =>
      /partitions assigned.*partitions assigned/s.test(sleeper.output()),
    );
    expect(await c.committed()).toEqual([500, 500]);
    await c.send(1_000, 1_100);
    await c.answered(1_100);
    await eventually('all is committed', async () => (await c.committed()).join() === '550,550');
    for (const numbers of c.numbers(c.output)) {
      expect(isAscending(firstOccurrences(numbers))).toBe(true);
    }
    expect(c.log.records(c.errors)).toEqual([]);
  });
});

describe.skipIf(broker.missing)('records that are removed before they are read', () => {
  const begin = useKafkaCases(broker);
  const missed = 'seldon_eventing_kafka_records_missed_total';
  const remove = async (c: KafkaCase, offset: number): Promise<void> => {
    // kafkajs looks for the leader before it asks who leads.
    await c.admin.fetchTopicOffsets(c.input);
    const partitions = [{ partition: 0, offset: String(offset) }];
    await c.admin.deleteTopicRecords({ topic: c.input, partitions });
  };

  test('while no member is there: the rest is answered, the missed are counted, and the offset is real', async () => {
    const c = await begin({ partitions: 1 });
    await c.send(0, 10);
    const first = await c.start();
    await c.answered(10);
    await first.stop();
    await c.send(10, 40);
    await remove(c, 30);
    const second = await c.start();
    await c.log.until('the rest', () => c.log.records(c.output).length >= 20);
    expect(c.numbers(c.output)[0]?.slice(10)).toEqual(Array.from({ length: 10 }, (_, i) => 30 + i));
    expect(await metricOf(second.url, missed)).toBe(20);
    await eventually('all is committed', async () => (await c.committed())[0] === 40);
  });

  test('under a member that had paused the partition: likewise, and it goes on', async () => {
    const c = await begin({ partitions: 1, environment: { ATTEMPT_TIMEOUT_MS: '2000' } });
    setFaults(c.predictor, { hang: true });
    const many = 8_000;
    await c.produce(Array.from({ length: many }, (_, n) => eventRecord(n, 1)));
    const adapter = await c.start();
    const paused = 'seldon_eventing_kafka_paused_partitions';
    await eventually('it is full', async () => (await metricOf(adapter.url, paused)) === 1);
    await remove(c, many - 100);
    setFaults(c.predictor, {});
    const last = (): number => c.numbers(c.output)[0]?.at(-1) ?? -1;
    await c.log.until('the last', () => last() === many - 1);
    const numbers = c.numbers(c.output)[0] ?? [];
    expect(isAscending(firstOccurrences(numbers))).toBe(true);
    const answered = new Set(numbers).size;
    expect(await metricOf(adapter.url, missed)).toBe(many - answered);
    expect(answered).toBeLessThan(many);
    expect(c.log.records(c.errors)).toEqual([]);
    await eventually('all is committed', async () => (await c.committed())[0] === many);
  });
});

describe.skipIf(broker.missing)('writes whose acknowledgements are lost', () => {
  test('are made again by another producer: nothing is lost, and order stays', async () => {
    const proxy = await startKafkaProxy();
    const proxied = await startKafkaBroker({ ...brokerOptions, properties: proxy.properties });
    const c = await createKafkaCase({ brokers: proxied.brokers, partitions: 2 });
    try {
      setFaults(c.predictor, { delayMs: 5 });
      await c.spawn({ KAFKA_BROKER: proxy.address, KAFKA_REQUEST_TIMEOUT_MS: '1000' });
      await c.send(0, 1_000);
      await c.log.until('some outputs', () => c.log.records(c.output).length >= 100);
      proxy.loseAnswers([apiKey.produce]);
      // Each producer makes three attempts at a batch.
      await eventually('a second producer', () => proxy.suppressed() > 4);
      proxy.loseAnswers([]);
      await c.answered(1_000);
      for (const numbers of c.numbers(c.output)) {
        expect(isAscending(firstOccurrences(numbers))).toBe(true);
      }
      expect(c.log.records(c.errors)).toEqual([]);
      await eventually('all is committed', async () => (await c.committed()).join() === '500,500');
    } finally {
      await c.close();
      await proxied.close();
      await proxy.close();
    }
  });
});
