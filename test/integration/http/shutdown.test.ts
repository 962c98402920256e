/** A graceful stop: nothing that was accepted goes unanswered, and nobody is sent to us any more. */

import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
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
} from '../../support/adapter.ts';

const body = irisPayloads.seldon;
const event = { headers: ceHeaders(), body };

/** What a socket receives from now on, as text. */
function received(socket: Socket): { text: string; closed: boolean } {
  const got = { text: '', closed: false };
  socket.on('data', (chunk) => {
    got.text += chunk.toString('latin1');
  });
  socket.on('close', () => {
    got.closed = true;
  });
  return got;
}

const rawEvent = (path = '/', ce = true): string => {
  const headers = ce ? Object.entries(ceHeaders()).map(([n, v]) => `${n}: ${v}\r\n`) : [];
  return `POST ${path} HTTP/1.1\r\nHost: h\r\n${headers.join('')}Content-Length: ${body.length}\r\n\r\n${body}`;
};

test('readiness says 503 at once, and new requests are served during the drain delay', async () => {
  const adapter = await openAdapter({ DRAIN_DELAY_MS: '1000' });
  await eventually(async () => (await get(`${adapter.url}/readyz`)).status === 200);
  const stopped = adapter.stop();
  const ready = await get(`${adapter.url}/readyz`);
  expect(ready.status).toBe(503);
  expect(ready.json()).toMatchObject({ ready: false, parts: { process: 'stopping' } });
  expect((await get(`${adapter.url}/livez`)).status).toBe(200);
  expect((await send(adapter.url, event)).status).toBe(200);
  expect((await send(adapter.url + predictionPaths.seldon, { body })).status).toBe(200);
  await stopped;
  await expect(send(adapter.url, event)).rejects.toThrow();
});

test('requests in flight, and those waiting for a place, are answered', async () => {
  const adapter = await openAdapter({ MAX_CONCURRENCY: '2' });
  adapter.iris.faults.delayMs = 200;
  const answers: Promise<Answer>[] = Array.from({ length: 6 }, (_, n) =>
    send(adapter.url, { headers: ceHeaders({ 'ce-id': `event-${n}` }), body }),
  );
  await eventually(async () =>
    /http_waiting\{[^}]*\} 4\n/.test((await get(`${adapter.url}/metrics`)).text),
  );
  await adapter.stop();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([
    200, 200, 200, 200, 200, 200,
  ]);
  expect(adapter.iris.counters.predictions).toBe(6);
});

test('a kept connection is not what a stop waits for: it is closed when its answer is out', async () => {
  const adapter = await openAdapter({ DRAIN_TIMEOUT_MS: '60000' });
  adapter.iris.faults.delayMs = 100;
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const status = new Promise((resolve, reject) => {
    const outgoing = request(adapter.url, { method: 'POST', agent, headers: ceHeaders() });
    outgoing.on('response', (incoming) =>
      incoming.resume().on('end', () => resolve(incoming.statusCode)),
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
  const idle = await openSocket(adapter.port);
  await eventually(() => adapter.iris.counters.concurrent === 1);
  // Its end is that of the test's time limit otherwise.
  await adapter.stop();
  expect(await status).toBe(200);
  idle.destroy();
});

test('after the delay, whoever still has a connection gets 503 with Retry-After, in the shape it expects', async () => {
  const adapter = await openAdapter();
  adapter.iris.faults.delayMs = 500;
  const slow = send(adapter.url, event);
  await eventually(() => adapter.iris.counters.concurrent === 1);
  // Two connections with a request begun, so that they are not idle when the listener closes.
  const sockets = [await openSocket(adapter.port), await openSocket(adapter.port)];
  const texts = [rawEvent(), rawEvent(predictionPaths.seldon, false)];
  const got = sockets.map(received);
  for (const [i, socket] of sockets.entries()) socket.write(texts[i]?.slice(0, 20) ?? '');
  // The server has read those when it answers what was sent later.
  await get(`${adapter.url}/livez`);
  const stopped = adapter.stop();
  await eventually(() =>
    send(adapter.url, event).then(
      () => false,
      () => true,
    ),
  );
  for (const [i, socket] of sockets.entries()) socket.write(texts[i]?.slice(20) ?? '');
  await eventually(() => got.every(({ closed }) => closed));
  for (const { text } of got) {
    expect(text).toMatch(/^HTTP\/1\.1 503 /);
    expect(text).toMatch(/\r\nretry-after: [1-9]/i);
    expect(text).toMatch(/\r\nconnection: close\r\n/i);
  }
  expect(got[0]?.text).toContain('application/problem+json');
  expect(got[0]?.text).toContain('"code":"DRAINING"');
  expect(got[1]?.text).toContain('"status":"FAILURE"');
  expect((await slow).status).toBe(200);
  await stopped;
});

test('stop is idempotent: every call ends with the same stop', async () => {
  const adapter = await openAdapter();
  await Promise.all([adapter.stop(), adapter.stop()]);
  await adapter.stop();
  expect(adapter.log.filter(({ message }) => message === 'stopped').length).toBe(1);
});

test('a predictor that never answers does not hold up the stop beyond DRAIN_TIMEOUT_MS', async () => {
  const adapter = await openAdapter({ DRAIN_TIMEOUT_MS: '0', REQUEST_TIMEOUT_MS: '600000' });
  adapter.iris.faults.hang = true;
  const hanging = send(adapter.url, event);
  await eventually(() => adapter.iris.counters.concurrent === 1);
  await adapter.stop();
  // The sender is told that it failed, and so tries elsewhere.
  const answer = await hanging.catch(() => undefined);
  expect(answer === undefined || answer.status >= 500).toBe(true);
});
