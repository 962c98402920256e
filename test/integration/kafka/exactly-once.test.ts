/** Each input is answered exactly once for a read_committed reader (design.md §3.4). */

import { describe, expect, test } from 'vitest';
import { useBroker } from '../../support/broker.ts';
import {
  all,
  answersOf,
  divertedOf,
  eventRecord,
  eventually,
  isAscending,
  type KafkaCase,
  outputsOf,
  setFaults,
  untilWritten,
  useKafkaCases,
} from '../../support/kafka-case.ts';

const broker = await useBroker();

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

  test.each(['partition', 'key', 'none'])(
    'a member that is frozen until others have its partitions is shut out when it goes on (order %s)',
    async (order) => {
      const environment = { ...exactly, KAFKA_ORDER: order, KAFKA_WORKERS: '8' };
      const c = await begin({ partitions: 2, environment });
      setFaults(c.predictor, { delayMs: 10 });
      await c.send(0, 3_000);
      const zombie = await c.spawn();
      await untilWritten(c, 'output', 300);
      process.kill(zombie.pid, 'SIGSTOP');
      const frozen = outputsOf(c).length;
      await c.spawn();
      await untilWritten(c, 'output', frozen + 500);
      process.kill(zombie.pid, 'SIGCONT');
      await c.answered(3_000);
      await committedAll(c, 1_500);
      expect(answersOf(c)).toEqual(all(3_000));
      if (order === 'partition') {
        for (const numbers of c.numbers(c.output)) expect(isAscending(numbers)).toBe(true);
      }
    },
  );

  test('members that join, leave and die under load: nothing is answered twice, nothing twice predicted by a mere rebalance', async () => {
    const c = await begin({ partitions: 4, environment: { ...exactly, KAFKA_WORKERS: '4' } });
    setFaults(c.predictor, { delayMs: 10 });
    await c.send(0, 2_400);
    const first = await c.spawn();
    await untilWritten(c, 'output', 200);
    const second = await c.spawn();
    await untilWritten(c, 'output', 600);
    expect(await first.end('SIGTERM')).toBe(0);
    expect(c.predictor.counters.predictions).toBeLessThanOrEqual(2_400);
    await untilWritten(c, 'output', 900);
    const third = await c.spawn();
    await untilWritten(c, 'output', 1_200);
    await second.end('SIGKILL');
    await c.answered(2_400);
    await committedAll(c, 600);
    expect(answersOf(c)).toEqual(all(2_400));
    for (const numbers of c.numbers(c.output)) expect(isAscending(numbers)).toBe(true);
    expect(await third.end('SIGTERM')).toBe(0);
  });

  test('skipped records are committed, and starts are at once', async () => {
    const c = await begin({ partitions: 2, environment: exactly });
    await c.start();
    await eventually('the starts are committed', async () =>
      (await c.committed()).every((offset) => offset === 0),
    );
    const own = { ce_type: 'seldon.iris.default.response' };
    await c.produce(
      all(20).map((n) => {
        const record = eventRecord(n, 2);
        return { ...record, headers: { ...record.headers, ...own } };
      }),
    );
    await committedAll(c, 10);
    expect(answersOf(c)).toEqual([]);
  });

  test('what is answered beyond the position is remembered in the transaction', async () => {
    const environment = { ...exactly, KAFKA_ORDER: 'none', KAFKA_MAX_ATTEMPTS: '1000' };
    const c = await begin({ partitions: 1, environment });
    setFaults(c.predictor, { poison: 'POISON' });
    await c.send(0, 200, (n) => (n === 0 ? 'POISON' : ''));
    const first = await c.spawn();
    await untilWritten(c, 'output', 199);
    await first.end('SIGKILL');
    setFaults(c.predictor, {});
    await c.spawn();
    await c.answered(200);
    expect(answersOf(c)).toEqual(all(200));
    expect(await c.committed()).toEqual([200]);
  });

  test('partitions beyond the limit stand still, loudly, until another replica takes them', async () => {
    const environment = { ...exactly, KAFKA_MAX_TRANSACTIONAL_PARTITIONS: '2' };
    const c = await begin({ partitions: 4, environment });
    await c.send(0, 80);
    const first = await c.spawn();
    await untilWritten(c, 'output', 40);
    await eventually('it says so', () =>
      first.output().includes('2 partitions stand still: this process has more than'),
    );
    const health = await (await fetch(`${first.url}/readyz`)).text();
    expect(health).toContain('2 partitions stand still: KAFKA_MAX_TRANSACTIONAL_PARTITIONS');
    expect(outputsOf(c)).toHaveLength(40);
    await c.spawn();
    await c.answered(80);
    await committedAll(c, 20);
    expect(answersOf(c)).toEqual(all(80));
  });

  test('merged calls of the predictor work with it', async () => {
    const environment = { ...exactly, BATCH_MAX_SIZE: '16', BATCH_MAX_WAIT_MS: '5' };
    const c = await begin({ partitions: 2, environment });
    await c.send(0, 400);
    await c.start();
    await c.answered(400);
    expect(answersOf(c)).toEqual(all(400));
    expect(c.predictor.counters.predictions).toBeLessThan(400);
  });
});
