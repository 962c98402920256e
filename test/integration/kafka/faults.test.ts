/** Nothing is lost, and order is kept, whatever the predictor does (design.md §3.3 and §3.4). */

import { describe, expect, test } from 'vitest';
import { useBroker } from '../../support/broker.ts';
import {
  divertedOf,
  eventually,
  isAscending,
  outputsOf,
  setFaults,
  useKafkaCases,
} from '../../support/kafka-case.ts';

const broker = await useBroker();

describe.skipIf(broker.missing)('the Kafka path, when the predictor fails', () => {
  const begin = useKafkaCases(broker);

  test('every input is answered once, in the order of its partition, when nothing fails', async () => {
    const c = await begin({ partitions: 3 });
    await c.send(0, 600);
    await c.start();
    await c.answered(600);
    expect(outputsOf(c).toSorted((a, b) => a - b)).toEqual([...Array(600).keys()]);
    for (const numbers of c.numbers(c.output)) expect(isAscending(numbers)).toBe(true);
    await eventually('all is committed', async () =>
      (await c.committed()).every((offset) => offset === 200),
    );
  });

  test('records that the predictor answers 500 for now and then are tried again, in order', async () => {
    const c = await begin();
    setFaults(c.predictor, { failEvery: 7 });
    await c.send(0, 300);
    await c.start();
    await c.answered(300);
    expect(outputsOf(c)).toHaveLength(300);
    expect(divertedOf(c)).toEqual([]);
    for (const numbers of c.numbers(c.output)) expect(isAscending(numbers)).toBe(true);
  });

  test.each(['partition', 'none'])(
    'a poisonous record goes to the error topic and its neighbours flow on (order %s)',
    async (order) => {
      const c = await begin({ environment: { KAFKA_ORDER: order, KAFKA_MAX_ATTEMPTS: '3' } });
      setFaults(c.predictor, { poison: 'POISON' });
      await c.send(0, 100, (n) => (n === 10 ? 'POISON' : ''));
      await c.start();
      await c.answered(100);
      expect(divertedOf(c)).toEqual([10]);
      expect(outputsOf(c)).toHaveLength(99);
      const [record] = c.log.records(c.errors);
      expect(record?.headers).toMatchObject({
        ce_id: '10',
        'seldon-error-code': 'PREDICTOR_FAILED',
        'seldon-error-class': 'transient',
        'seldon-error-attempts': '3',
        'seldon-error-topic': c.input,
        'seldon-error-partition': '0',
        'seldon-error-offset': '5',
        'seldon-error-predictor': 'seldon.iris.default.default',
      });
      expect(record?.value?.toString()).toContain('POISON');
      await eventually('all is committed', async () =>
        (await c.committed()).every((offset) => offset === 50),
      );
    },
  );

  test('a poisonous record that is alone in flight does not stall its partition', async () => {
    const environment = { KAFKA_WORKERS: '1', KAFKA_MAX_ATTEMPTS: '3' };
    const c = await begin({ partitions: 1, environment });
    setFaults(c.predictor, { poison: 'POISON' });
    await c.send(0, 20, (n) => (n === 0 ? 'POISON' : ''));
    await c.start();
    await c.answered(20);
    expect(divertedOf(c)).toEqual([0]);
  });

  test('a record that kills its connection does not stall its partition', async () => {
    const c = await begin({ partitions: 1, environment: { KAFKA_MAX_ATTEMPTS: '2' } });
    setFaults(c.predictor, { reset: true });
    await c.send(0, 1);
    await c.start();
    await c.answered(1);
    expect(divertedOf(c)).toEqual([0]);
    setFaults(c.predictor, {});
    await c.send(1, 10);
    await c.answered(10);
    expect(outputsOf(c)).toHaveLength(9);
  });

  test('a record that the predictor refuses goes to the error topic after one attempt', async () => {
    const c = await begin();
    setFaults(c.predictor, { refuse: 'REFUSE' });
    await c.send(0, 40, (n) => (n % 4 === 0 ? 'REFUSE' : ''));
    await c.start();
    await c.answered(40);
    expect(divertedOf(c)).toHaveLength(10);
    for (const { headers } of c.log.records(c.errors)) {
      expect(headers).toMatchObject({
        'seldon-error-code': 'PREDICTOR_REFUSED',
        'seldon-error-class': 'record',
        'seldon-error-attempts': '1',
      });
      // The predictor's own words.
      expect(headers['seldon-error-message']).toContain('FAILURE');
    }
    expect(c.predictor.counters.predictions).toBe(40);
  });

  test('nothing goes to the error topic while the predictor answers 404 for a model that loads', async () => {
    const c = await begin({ environment: { KAFKA_MAX_ATTEMPTS: '2' } });
    await c.send(0, 50);
    // Seldon's health route says nothing of the model: the predictor seems ready.
    setFaults(c.predictor, { status: 404 });
    await c.start();
    await eventually('the predictor was called', () => c.predictor.counters.predictions >= 5);
    expect(divertedOf(c)).toEqual([]);
    setFaults(c.predictor, {});
    await c.answered(50);
    expect(divertedOf(c)).toEqual([]);
    for (const numbers of c.numbers(c.output)) expect(isAscending(numbers)).toBe(true);
  });

  test('a pod whose model still loads does not join the group', async () => {
    const c = await begin({
      environment: { SELDON_PROTOCOL: 'v2', MODEL_NAME: 'iris', SERVER_TYPE: 'kafka' },
    });
    setFaults(c.predictor, { loading: true });
    const { url } = await c.start();
    await eventually('the predictor was asked', () => c.predictor.counters.requests >= 3);
    const { groups } = await c.admin.describeGroups([c.group]);
    expect(groups[0]?.members).toEqual([]);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    setFaults(c.predictor, {});
    await eventually('it is ready', async () => (await fetch(`${url}/readyz`)).status === 200);
    const after = await c.admin.describeGroups([c.group]);
    expect(after.groups[0]?.members).toHaveLength(1);
  });

  test('while the predictor is down for everybody attempts do not count, and nothing is lost', async () => {
    const c = await begin({ environment: { KAFKA_MAX_ATTEMPTS: '2' } });
    await c.send(0, 100);
    await c.start();
    await c.answered(100);
    setFaults(c.predictor, { notReady: true, status: 503 });
    await c.send(100, 200);
    const before = c.predictor.counters.requests;
    await eventually(
      'the readiness probe saw it',
      () => c.predictor.counters.requests > before + 5,
    );
    setFaults(c.predictor, {});
    await c.answered(200);
    expect(divertedOf(c)).toEqual([]);
    for (const numbers of c.numbers(c.output)) expect(isAscending(numbers)).toBe(true);
  });

  test('an outage in which the predictor answers 500 to everybody sends nothing to the error topic', async () => {
    const c = await begin({ environment: { KAFKA_MAX_ATTEMPTS: '8' } });
    setFaults(c.predictor, { status: 500 });
    await c.send(0, 100);
    await c.start();
    await eventually('it failed often', () => c.predictor.counters.predictions >= 20);
    setFaults(c.predictor, {});
    await c.answered(100);
    expect(divertedOf(c)).toEqual([]);
  });

  test('a slow predictor keeps its member in the group: heartbeats go on meanwhile', async () => {
    const environment = { KAFKA_SESSION_TIMEOUT_MS: '6000', KAFKA_WORKERS: '4' };
    const c = await begin({ environment });
    setFaults(c.predictor, { delayMs: 8_000 });
    await c.send(0, 8);
    await c.start();
    await c.answered(8);
    expect(outputsOf(c).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(c.predictor.counters.predictions).toBe(8);
  });

  test('at most KAFKA_WORKERS predictions run, whatever the number of partitions', async () => {
    const c = await begin({ partitions: 6, environment: { KAFKA_WORKERS: '3' } });
    setFaults(c.predictor, { delayMs: 20 });
    await c.send(0, 120);
    await c.start();
    await c.answered(120);
    expect(c.predictor.counters.maxConcurrent).toBe(3);
  });
});
