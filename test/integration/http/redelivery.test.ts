/** Events that are delivered again: one prediction, and the same answer to every delivery. */

import { type ClientRequest, request } from 'node:http';
import { describe, expect, test } from 'vitest';
import {
  type Answer,
  ceHeaders,
  eventually,
  get,
  irisPayloads,
  openAdapter,
  predictionPaths,
  send,
  type TestAdapter,
} from '../../support/adapter.ts';

const body = irisPayloads.seldon;
const otherBody = body.replace('5.1', '5.2');

const counted = async ({ url }: TestAdapter, result: string): Promise<number> => {
  const { text } = await get(`${url}/metrics`);
  const pattern = new RegExp(
    `seldon_eventing_duplicates_total\\{[^}]*result="${result}"[^}]*\\} (\\d+)`,
  );
  return Number(pattern.exec(text)?.[1] ?? 0);
};

/** A delivery that its sender gives up on after `timeoutMs`, as Knative does with `delivery.timeout`. */
const deliverAndGiveUp = (url: string, timeoutMs: number): Promise<Error> =>
  new Promise((resolve, reject) => {
    const outgoing: ClientRequest = request(url, {
      ...{ method: 'POST', agent: false, headers: ceHeaders() },
      signal: AbortSignal.timeout(timeoutMs),
    });
    outgoing.on('error', resolve);
    outgoing.on('response', () => reject(new Error('it was answered in time')));
    outgoing.end(body);
  });

const told = ({ status, headers, text }: Answer) => ({
  status,
  text,
  puid: headers['seldon-puid'],
  event: Object.entries(headers).filter(([name]) => name.startsWith('ce-')),
});

describe('Knative delivers again after its own timeout', () => {
  test('while the first attempt is still being predicted: one prediction, which the retry gets', async () => {
    const adapter = await openAdapter();
    adapter.iris.faults.delayMs = 1_500;
    const gaveUp = await deliverAndGiveUp(adapter.url, 300);
    expect(gaveUp.name).toBe('AbortError');
    // Knative's retry carries another arrival time.
    const headers = ceHeaders({ 'ce-knativearrivaltime': '2026-01-01T00:00:00Z', prefer: 'reply' });
    const retry = await send(adapter.url, { headers, body });
    expect(retry.status).toBe(200);
    expect(retry.headers['ce-type']).toBe('seldon.iris.tests.response');
    expect(adapter.iris.counters.predictions).toBe(1);
    expect(await counted(adapter, 'shared')).toBe(1);
  });

  test('when the first attempt has been answered to nobody: the kept reply, without a prediction', async () => {
    const adapter = await openAdapter({ DEDUP_MAX_ENTRIES: '100' });
    adapter.iris.faults.delayMs = 600;
    await deliverAndGiveUp(adapter.url, 200);
    await eventually(async () =>
      /duplicate_store_entries\{[^}]*\} 1\n/.test((await get(`${adapter.url}/metrics`)).text),
    );
    const retry = await send(adapter.url, { headers: ceHeaders(), body });
    expect(retry.headers['ce-type']).toBe('seldon.iris.tests.response');
    expect(adapter.iris.counters.predictions).toBe(1);
    expect(await counted(adapter, 'answered')).toBe(1);
  });
});

describe('duplicates in flight', () => {
  test('of every form are one prediction, with the same reply in the form of each', async () => {
    const adapter = await openAdapter({ MAX_CONCURRENCY: '2', MAX_WAITING: '3' });
    adapter.iris.faults.delayMs = 800;
    const structured = JSON.stringify({
      ...{ specversion: '1.0', id: 'event-1', source: '/tests', type: 'test.request' },
      datacontenttype: 'application/json',
      data: JSON.parse(body),
    });
    const first = send(adapter.url, { headers: ceHeaders(), body });
    await eventually(() => adapter.iris.counters.concurrent === 1);
    const others = [
      send(adapter.url, { headers: ceHeaders({ 'seldon-puid': 'mine' }), body }),
      send(adapter.url + predictionPaths.seldon, { headers: ceHeaders(), body }),
      send(adapter.url, {
        headers: { 'content-type': 'application/cloudevents+json' },
        body: structured,
      }),
      send(adapter.url, {
        headers: { 'content-type': 'application/cloudevents-batch+json' },
        body: `[${structured},${structured}]`,
      }),
    ];
    const [binary, onPath, asJson, batch] = await Promise.all(others);
    const reply = told(await first);
    expect(binary && told(binary)).toEqual(reply);
    expect(onPath && told(onPath)).toEqual(reply);
    expect(asJson?.json()).toMatchObject({ id: (await first).headers['ce-id'] });
    expect(asJson?.headers['seldon-puid']).toBe(reply.puid);
    expect(batch?.json<unknown[]>()).toEqual([asJson?.json(), asJson?.json()]);
    expect(adapter.iris.counters.predictions).toBe(1);
    expect(await counted(adapter, 'shared')).toBe(5);
  });

  test('get the failure of the one prediction, and the next delivery is predicted', async () => {
    const adapter = await openAdapter({ DEDUP_MAX_ENTRIES: '100' });
    adapter.iris.faults.delayMs = 500;
    adapter.iris.faults.status = 500;
    const first = send(adapter.url, { headers: ceHeaders(), body });
    await eventually(() => adapter.iris.counters.concurrent === 1);
    const second = send(adapter.url, { headers: ceHeaders(), body });
    expect([(await first).status, (await second).status]).toEqual([502, 502]);
    expect(adapter.iris.counters.predictions).toBe(1);
    delete adapter.iris.faults.status;
    expect((await send(adapter.url, { headers: ceHeaders(), body })).status).toBe(200);
    expect(adapter.iris.counters.predictions).toBe(2);
  });

  test('whose data differ are predicted each by itself, and counted', async () => {
    const adapter = await openAdapter();
    adapter.iris.faults.delayMs = 300;
    const answers = await Promise.all(
      [body, otherBody].map((data) => send(adapter.url, { headers: ceHeaders(), body: data })),
    );
    expect(new Set(answers.map(({ text }) => text)).size).toBe(2);
    expect(adapter.iris.counters.predictions).toBe(2);
    expect(await counted(adapter, 'conflict')).toBe(1);
  });
});

describe('late duplicates', () => {
  test('are predicted again, with the same reply id, where no answers are kept', async () => {
    const adapter = await openAdapter();
    const first = await send(adapter.url, { headers: ceHeaders(), body });
    const second = await send(adapter.url, { headers: ceHeaders(), body });
    expect(second.headers['ce-id']).toBe(first.headers['ce-id']);
    expect(adapter.iris.counters.predictions).toBe(2);
  });

  test('are answered with the same reply, byte for byte, from one prediction', async () => {
    const adapter = await openAdapter({ DEDUP_MAX_ENTRIES: '100', RESPONSE_ID: 'random' });
    const first = await send(adapter.url, { headers: ceHeaders({ 'seldon-puid': 'p-1' }), body });
    for (const more of [{}, { 'ce-type': 'other' }, { 'ce-time': '2026-01-01T00:00:00Z' }]) {
      const again = await send(adapter.url, { headers: ceHeaders(more), body });
      expect(told(again)).toEqual(told(first));
    }
    expect(told(first).puid).toBe('p-1');
    expect(adapter.iris.counters.predictions).toBe(1);
    expect(await counted(adapter, 'answered')).toBe(3);
  });

  test('with other data are predicted anew and counted as conflicts: the documented curl, edited', async () => {
    const adapter = await openAdapter({ DEDUP_MAX_ENTRIES: '100' });
    const first = await send(adapter.url, { headers: ceHeaders(), body });
    const edited = await send(adapter.url, { headers: ceHeaders(), body: otherBody });
    expect(edited.text).not.toBe(first.text);
    expect(adapter.iris.counters.predictions).toBe(2);
    expect(await counted(adapter, 'conflict')).toBe(1);
    expect(told(await send(adapter.url, { headers: ceHeaders(), body }))).toEqual(told(first));
    expect(adapter.iris.counters.predictions).toBe(2);
  });

  test('are forgotten after DEDUP_TTL_MS, and beyond DEDUP_MAX_BYTES', async () => {
    const adapter = await openAdapter({ DEDUP_MAX_ENTRIES: '100', DEDUP_TTL_MS: '1' });
    await send(adapter.url, { headers: ceHeaders(), body });
    await eventually(async () =>
      /duplicate_store_entries\{[^}]*\} 0\n/.test((await get(`${adapter.url}/metrics`)).text),
    );
    await send(adapter.url, { headers: ceHeaders(), body });
    expect(adapter.iris.counters.predictions).toBe(2);

    const small = await openAdapter({ DEDUP_MAX_ENTRIES: '100', DEDUP_MAX_BYTES: '5000' });
    for (const id of ['a', 'b', 'c', 'd', 'a']) {
      await send(small.url, { headers: ceHeaders({ 'ce-id': id }), body });
    }
    expect(small.iris.counters.predictions).toBe(5);
    const { text } = await get(`${small.url}/metrics`);
    expect(Number(/store_bytes\{[^}]*\} (\d+)/.exec(text)?.[1])).toBeLessThanOrEqual(5_000);
    expect(text).toMatch(/store_evicted_total\{[^}]*\} [1-9]/);
  });
});
