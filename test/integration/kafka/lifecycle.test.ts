/** Nothing is lost when adapters, members and the predictor come and go (design.md §3.4). */

import { describe, expect, test } from 'vitest';
import { createIrisPredictor } from '../../../src/demo/iris/predictor.ts';
import { useBroker } from '../../support/broker.ts';
import {
  eventually,
  firstOccurrences,
  isAscending,
  outputsOf,
  setFaults,
  untilWritten,
  useKafkaCases,
} from '../../support/kafka-case.ts';

const broker = await useBroker();

describe.skipIf(broker.missing)('the Kafka path, when processes come and go', () => {
  const begin = useKafkaCases(broker);

  test('SIGKILL with a slow predictor: the next adapter answers what was under way', async () => {
    const environment = { KAFKA_SESSION_TIMEOUT_MS: '6000', KAFKA_WORKERS: '8' };
    const c = await begin({ environment });
    setFaults(c.predictor, { delayMs: 50 });
    await c.send(0, 300);
    const first = await c.spawn();
    await untilWritten(c, 'output', 60);
    expect(await first.end('SIGKILL')).toBeNull();
    await c.spawn();
    await c.answered(300);
    expect(c.log.records(c.errors)).toEqual([]);
    // What a crash repeats is bounded by what was under way and what was not committed yet.
    expect(outputsOf(c).length - new Set(outputsOf(c)).size).toBeLessThanOrEqual(100);
    for (const numbers of c.numbers(c.output)) {
      expect(isAscending(firstOccurrences(numbers))).toBe(true);
    }
  });

  test('SIGTERM with a slow predictor: what is under way is answered and committed, once', async () => {
    const c = await begin({ environment: { KAFKA_WORKERS: '8', DRAIN_TIMEOUT_MS: '10000' } });
    setFaults(c.predictor, { delayMs: 50 });
    await c.send(0, 300);
    const first = await c.spawn();
    await untilWritten(c, 'output', 60);
    expect(await first.end('SIGTERM')).toBe(0);
    await c.spawn();
    await c.answered(300);
    expect(outputsOf(c).toSorted((a, b) => a - b)).toEqual([...Array(300).keys()]);
    for (const numbers of c.numbers(c.output)) expect(isAscending(numbers)).toBe(true);
  });

  test('a predictor that fails while draining leaves its record to the next adapter', async () => {
    const c = await begin({ environment: { KAFKA_WORKERS: '4' } });
    setFaults(c.predictor, { delayMs: 300 });
    await c.send(0, 40);
    const first = await c.spawn();
    await untilWritten(c, 'output', 8);
    setFaults(c.predictor, { delayMs: 100, status: 500 });
    expect(await first.end('SIGTERM')).toBe(0);
    setFaults(c.predictor, {});
    await c.spawn();
    await c.answered(40);
    expect(c.log.records(c.errors)).toEqual([]);
    expect(new Set(outputsOf(c)).size).toBe(40);
  });

  test('a second member that joins and leaves costs nothing: every input is answered once', async () => {
    const c = await begin({ partitions: 4, environment: { KAFKA_WORKERS: '4' } });
    setFaults(c.predictor, { delayMs: 20 });
    await c.send(0, 1_200);
    const first = await c.spawn();
    await untilWritten(c, 'output', 100);
    const second = await c.spawn();
    await eventually('both are members', async () => {
      const { groups } = await c.admin.describeGroups([c.group]);
      return groups[0]?.members.length === 2 && groups[0].state === 'Stable';
    });
    await untilWritten(c, 'output', 500);
    expect(await second.end('SIGTERM')).toBe(0);
    await c.answered(1_200);
    expect(outputsOf(c).toSorted((a, b) => a - b)).toEqual([...Array(1_200).keys()]);
    for (const numbers of c.numbers(c.output)) expect(isAscending(numbers)).toBe(true);
    expect(await first.end('SIGTERM')).toBe(0);
    expect(await c.committed()).toEqual([300, 300, 300, 300]);
  });

  test('a predictor that cannot be reached for a while costs nothing', async () => {
    const c = await begin({ environment: { KAFKA_MAX_ATTEMPTS: '1' } });
    const gone = await createIrisPredictor();
    await c.spawn({ PREDICTOR_URL: gone.url });
    await c.send(0, 50);
    await c.answered(50);
    await gone.close();
    await c.send(50, 150);
    await eventually('the adapter noticed', async () => {
      // Nothing listens on its port now.
      return fetch(gone.url).then(
        () => false,
        () => true,
      );
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const back = await createIrisPredictor({ port: gone.port });
    await c.answered(150);
    await back.close();
    expect(c.log.records(c.errors)).toEqual([]);
    expect(outputsOf(c)).toHaveLength(150);
  });

  test('a predictor that does not answer in time is asked again, and nothing goes to the error topic', async () => {
    const c = await begin({ partitions: 1, environment: { ATTEMPT_TIMEOUT_MS: '300' } });
    await c.send(0, 20);
    setFaults(c.predictor, { hang: true });
    await c.start();
    await eventually('attempts timed out', () => c.predictor.counters.predictions >= 10);
    setFaults(c.predictor, {});
    await c.answered(20);
    expect(c.log.records(c.errors)).toEqual([]);
  });
});
