/** How many predictions run at once, how many wait, and what becomes of the rest. */

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type Answer,
  ceHeaders,
  eventually,
  get,
  irisPayloads,
  openAdapter,
  openSocket,
  predictionPaths,
  send,
  type TestAdapter,
} from '../../support/adapter.ts';

const body = irisPayloads.seldon;
/** Each with an id of its own: duplicates in flight would share one place. */
const anEvent = () => ({ headers: ceHeaders({ 'ce-id': randomUUID() }), body });
const plainPath = predictionPaths.seldon;

const statusesOf = (answers: readonly Answer[]): Record<number, number> => {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

/** Occupies every place and every waiting place; returns what ends that. */
async function fill(
  adapter: TestAdapter,
  places: number,
  waiting: number,
): Promise<Promise<Answer>[]> {
  const answers = Array.from({ length: places + waiting }, () => send(adapter.url, anEvent()));
  await eventually(async () => {
    const metrics = (await get(`${adapter.url}/metrics`)).text;
    return (
      new RegExp(`seldon_eventing_http_running\\{[^}]*\\} ${places}\n`).test(metrics) &&
      new RegExp(`seldon_eventing_http_waiting\\{[^}]*\\} ${waiting}\n`).test(metrics)
    );
  });
  return answers;
}

describe('concurrency', () => {
  test('no more than MAX_CONCURRENCY run; all that were accepted are answered', async () => {
    const adapter = await openAdapter({ MAX_CONCURRENCY: '4', MAX_WAITING: '100' });
    adapter.iris.faults.delayMs = 5;
    const requests = Array.from({ length: 60 }, (_, i) =>
      i % 2 === 0 ? send(adapter.url, anEvent()) : send(adapter.url + plainPath, { body }),
    );
    expect(statusesOf(await Promise.all(requests))).toEqual({ 200: 60 });
    // That all places are used, the tests below show: here a slow machine may leave one empty.
    expect(adapter.iris.counters.maxConcurrent).toBeLessThanOrEqual(4);
    expect(adapter.iris.counters.predictions).toBe(60);
  });

  test('beyond MAX_WAITING requests are 429 with Retry-After, and the others are answered', async () => {
    let release: (() => void) | undefined;
    const hold = new Promise<void>((resolve) => {
      release = resolve;
    });
    const recorder = await holdingPredictor(hold);
    const held = await openAdapter({
      MAX_CONCURRENCY: '2',
      MAX_WAITING: '3',
      PREDICTOR_URL: recorder,
    });
    const accepted = await fill(held, 2, 3);
    const refused = await send(held.url, anEvent());
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(refused.json()).toMatchObject({
      code: 'OVERLOADED',
      fault: 'overload',
      retriable: true,
    });
    const plain = await send(held.url + plainPath, { body });
    expect(plain.status).toBe(429);
    expect(plain.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(plain.json()).toMatchObject({ status: { code: 429, status: 'FAILURE' } });
    release?.();
    expect(statusesOf(await Promise.all(accepted))).toEqual({ 200: 5 });
    expect((await send(held.url, anEvent())).status).toBe(200);
  });

  test('health is answered while every place is taken', async () => {
    const recorder = await holdingPredictor(new Promise(() => undefined));
    const adapter = await openAdapter({
      ...{ MAX_CONCURRENCY: '1', MAX_WAITING: '1', PREDICTOR_URL: recorder },
      REQUEST_TIMEOUT_MS: '1500',
    });
    const requests = await fill(adapter, 1, 1);
    expect((await get(`${adapter.url}/livez`)).status).toBe(200);
    expect((await get(`${adapter.url}/readyz`)).status).toBe(200);
    await Promise.all(requests);
  });

  test('nobody waits past the deadline, and its place in the queue comes free', async () => {
    const recorder = await holdingPredictor(new Promise(() => undefined));
    const adapter = await openAdapter({
      ...{ MAX_CONCURRENCY: '1', MAX_WAITING: '1', PREDICTOR_URL: recorder },
      REQUEST_TIMEOUT_MS: '400',
    });
    const answers = await Promise.all([send(adapter.url, anEvent()), send(adapter.url, anEvent())]);
    // One hung in the predictor; the other waited for its place, or got it with no time left.
    expect(answers.map(({ status }) => status).filter((s) => s === 504).length).toBeGreaterThan(0);
    expect(answers.every(({ status }) => status === 504 || status === 429)).toBe(true);
    const metrics = (await get(`${adapter.url}/metrics`)).text;
    expect(metrics).toMatch(/seldon_eventing_http_running\{[^}]*\} 0\n/);
    expect(metrics).toMatch(/seldon_eventing_http_waiting\{[^}]*\} 0\n/);
  });

  test('a caller who leaves gives its place back', async () => {
    const recorder = await holdingPredictor(new Promise(() => undefined));
    const adapter = await openAdapter({
      ...{ MAX_CONCURRENCY: '1', MAX_WAITING: '0', PREDICTOR_URL: recorder },
      REQUEST_TIMEOUT_MS: '400',
    });
    const socket = await openSocket(adapter.port);
    socket.write(`POST ${plainPath} HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n1`);
    await eventually(async () => (await send(adapter.url, anEvent())).status === 429);
    socket.destroy();
    await eventually(async () => (await send(adapter.url, anEvent())).status === 504);
  });
});

/** A predictor that answers when `until` resolves; ready at once. */
async function holdingPredictor(until: Promise<void>): Promise<string> {
  const server = createServer((incoming, response) => {
    incoming.resume();
    if (incoming.method === 'GET') response.end('{}');
    else void until.then(() => response.end('{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}
