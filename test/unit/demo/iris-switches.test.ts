import { describe, expect, test } from 'vitest';
import { classNames } from '../../../src/demo/iris/coefficients.ts';
import { createIrisPredictor } from '../../../src/demo/iris/predictor.ts';
import { rows, useIris } from './iris-fixture.ts';

const iris = useIris();

describe('the switches', () => {
  test('answer with a status, with headers beside it', async () => {
    await iris.put('/switches', '{"status":429,"headers":{"Retry-After":"7"}}');
    const response = await iris.predict();
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('7');
  });

  test('fail only the bodies that hold a text, or that a hook picks', async () => {
    await iris.put('/switches', '{"poison":"bad","refuse":"odd"}');
    expect((await iris.predict(['bad'])).status).toBe(500);
    expect((await iris.predict(['odd'])).status).toBe(400);
    expect((await iris.predict()).status).toBe(200);
    iris.faults().statusFor = (body) => (body.includes('5.1') ? 502 : undefined);
    expect((await iris.predict()).status).toBe(502);
    iris.faults().statusFor = undefined;
  });

  test('fail every nth prediction', async () => {
    iris.faults().failEvery = 3;
    const statuses = [];
    for (let i = 0; i < 6; i += 1) statuses.push((await iris.predict()).status);
    expect(statuses.filter((status) => status === 500)).toHaveLength(2);
  });

  test('make it not ready, while it still predicts and lives', async () => {
    iris.faults().notReady = true;
    const healths = ['/health/status', '/v1/models/iris', '/v2/health/ready'];
    for (const path of healths) expect((await iris.call(path)).status).toBe(503);
    expect((await iris.call('/v2/health/live')).status).toBe(200);
    expect((await iris.predict()).status).toBe(200);
  });

  test('make it load: not ready, and no predictions', async () => {
    iris.faults().loading = true;
    expect((await iris.call('/health/status')).status).toBe(503);
    expect((await iris.predict()).status).toBe(404);
  });

  test('delay, cut and never answer', async () => {
    iris.faults().delayMs = 80;
    const start = performance.now();
    await iris.predict();
    expect(performance.now() - start).toBeGreaterThan(75);
    await iris.put('/switches', '{"reset":true}');
    await expect(iris.predict()).rejects.toThrow();
    await iris.put('/switches', '{"hang":true}');
    const signal = AbortSignal.timeout(100);
    await expect(iris.call('/predict', { method: 'POST', body: '{}', signal })).rejects.toThrow();
  });

  test('give an answer another size, or make it useless', async () => {
    iris.faults().bodyBytes = 5000;
    const padded = await (await iris.predict()).text();
    expect(padded).toHaveLength(5000);
    expect(JSON.parse(padded).data.names).toEqual(classNames);
    await iris.put('/switches', '{"answerText":"<html>"}');
    expect(await (await iris.predict()).text()).toBe('<html>');
  });

  test('can be read back, and are replaced as a whole', async () => {
    await iris.put('/switches', '{"delayMs":1,"poison":"x"}');
    await iris.put('/switches', '{"delayMs":2}');
    expect(await (await iris.call('/switches')).json()).toEqual({ delayMs: 2 });
  });

  test.each(['{"delay":1}', '{"delayMs":"1"}', '{"status":99}', '[]', '{', '{"headers":{"a":1}}'])(
    'refuse %s and stay as they were',
    async (body) => {
      await iris.put('/switches', '{"delayMs":1}');
      expect((await iris.put('/switches', body)).status).toBe(400);
      expect(iris.faults()).toMatchObject({ delayMs: 1 });
    },
  );
});

test('a body over the limit gets 413, and the server goes on', async () => {
  const response = await iris.call('/predict', { method: 'POST', body: 'x'.repeat(200_000) });
  expect(response.status).toBe(413);
  expect((await iris.predict()).status).toBe(200);
});

test('other paths get 404 and other methods 405', async () => {
  expect((await iris.call('/nothing')).status).toBe(404);
  expect((await iris.call('/predict')).status).toBe(405);
  expect((await iris.post('/health/status', {})).status).toBe(405);
});

test('counts predictions, how many at once, and connections', async () => {
  const fresh = await createIrisPredictor();
  fresh.faults.delayMs = 50;
  const body = JSON.stringify({ instances: rows });
  const calls = Array.from({ length: 4 }, () =>
    fetch(`${fresh.url}/v1/models/any:predict`, { method: 'POST', body }),
  );
  await Promise.all((await Promise.all(calls)).map((response) => response.text()));
  expect(fresh.counters).toMatchObject({ predictions: 4, maxConcurrent: 4, connections: 4 });
  expect(await (await fetch(`${fresh.url}/counters`)).json()).toMatchObject({ requests: 5 });
  await fresh.close();
  await fresh.close();
  await expect(fetch(fresh.url)).rejects.toThrow();
});
