/** Micro-batching over HTTP, before the real demo predictor (BATCH_MAX_SIZE). */

import { describe, expect, test } from 'vitest';
import type { ProtocolName } from '../../src/inference/protocol.ts';
import {
  ceHeaders,
  openAdapter,
  predictionPaths,
  protocolNames,
  send,
  useAdapter,
} from '../support/adapter.ts';

/** A request for one row, which no other `n` shares. */
const payloads: Readonly<Record<ProtocolName, (n: number) => string>> = {
  seldon: (n) => `{"data":{"ndarray":[[${n}.5,3.5,1.4,0.2]]},"meta":{"puid":"own-${n}"}}`,
  tensorflow: (n) => `{"instances":[[${n}.5,3.5,1.4,0.2]]}`,
  v2: (n) =>
    `{"id":"own-${n}","inputs":[{"name":"predict","shape":[1,4],"datatype":"FP64","data":[${n}.5,3.5,1.4,0.2]}]}`,
};
const jsonHeaders = { 'content-type': 'application/json' };
const upTo = (count: number): number[] => [...Array(count).keys()];

describe.each(protocolNames)('%s requests', (protocol) => {
  const settings = { SELDON_PROTOCOL: protocol };
  const batching = useAdapter({ ...settings, BATCH_MAX_SIZE: '8', BATCH_MAX_WAIT_MS: '50' });
  const plain = useAdapter(settings);
  const path = predictionPaths[protocol];

  const sendPlain = (url: string, n: number) =>
    send(url + path, {
      headers: { ...jsonHeaders, 'seldon-puid': `puid-${n}` },
      body: payloads[protocol](n),
    });

  test('are answered as if each had been alone, by far fewer calls', async () => {
    const alone = await Promise.all(upTo(64).map((n) => sendPlain(plain.url, n)));
    const before = batching.iris.counters.predictions;
    const merged = await Promise.all(upTo(64).map((n) => sendPlain(batching.url, n)));
    const told = ({ status, text, headers }: (typeof merged)[number]) => ({
      status,
      text,
      type: headers['content-type'],
      puid: headers['seldon-puid'],
    });
    expect(merged.map(told)).toEqual(alone.map(told));
    expect(new Set(merged.map(({ text }) => text)).size).toBe(64);
    expect(batching.iris.counters.predictions - before).toBeLessThan(32);
  });

  test('as events are answered by reply events of their own', async () => {
    const before = batching.iris.counters.predictions;
    const sendEvent = (url: string, n: number) =>
      send(`${url}/`, { headers: ceHeaders({ 'ce-id': `e${n}` }), body: payloads[protocol](n) });
    const merged = await Promise.all(upTo(32).map((n) => sendEvent(batching.url, n)));
    const alone = await Promise.all(upTo(32).map((n) => sendEvent(plain.url, n)));
    expect(merged.map(({ text }) => text)).toEqual(alone.map(({ text }) => text));
    expect(merged.map(({ headers }) => headers['ce-causationid'])).toEqual(
      upTo(32).map((n) => `e${n}`),
    );
    expect(merged.map(({ headers }) => headers['ce-id'])).toEqual(
      alone.map(({ headers }) => headers['ce-id']),
    );
    expect(batching.iris.counters.predictions - before).toBeLessThan(16);
  });

  test('that are refused or fail cost only themselves', async () => {
    Object.assign(batching.iris.faults, { refuse: '5.5,3.5', poison: '6.5,3.5' });
    const merged = await Promise.all(upTo(8).map((n) => sendPlain(batching.url, n)));
    expect(merged.map(({ status }) => status)).toEqual(
      upTo(8).map((n) => (n === 5 ? 400 : n === 6 ? 500 : 200)),
    );
  });

  test('that are no JSON go alone', async () => {
    const bodies = ['{', '[[1]]', payloads[protocol](1)];
    const answers = await Promise.all(
      bodies.map((body) => send(batching.url + path, { headers: jsonHeaders, body })),
    );
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 200]);
  });
});

test('a predictor that hangs over one request costs the others only time', async () => {
  const adapter = await openAdapter({
    BATCH_MAX_SIZE: '4',
    BATCH_MAX_WAIT_MS: '50',
    REQUEST_TIMEOUT_MS: '2000',
  });
  const { faults } = adapter.iris;
  faults.statusFor = (body) => {
    faults.hang = body.includes('2.5,3.5');
    return undefined;
  };
  const answers = await Promise.all(
    upTo(4).map((n) =>
      send(adapter.url + predictionPaths.seldon, {
        headers: jsonHeaders,
        body: payloads.seldon(n),
      }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 504, 200]);
});

test('merged calls are counted in the metrics', async () => {
  const adapter = await openAdapter({ BATCH_MAX_SIZE: '4', BATCH_MAX_WAIT_MS: '1000' });
  await Promise.all(
    upTo(4).map((n) =>
      send(adapter.url + predictionPaths.seldon, {
        headers: jsonHeaders,
        body: payloads.seldon(n),
      }),
    ),
  );
  const { text } = await send(`${adapter.url}/metrics`, { method: 'GET' });
  expect(text).toMatch(/seldon_eventing_batched_requests_total\{[^}]*\} 4\n/);
  expect(text).toMatch(/seldon_eventing_batches_total\{[^}]*\} 1\n/);
});
