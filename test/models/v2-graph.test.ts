/** Chains of MLServer and KServe: what one answers is what the other is asked. */

import { describe, expect, test } from 'vitest';
import { ceHeaders, get, send, useAdapter } from '../support/adapter.ts';
import { encodeEngine } from '../support/graph-nodes.ts';
import { attributesIn, replyAttributes } from './messages.ts';
import { kserve, mlserver, type UsedServer, useModelServer } from './model-server.ts';
import { v2Payload } from './v2-cases.ts';

const one = await useModelServer(mlserver);
const other = await useModelServer(kserve);

const node = (name: string, { httpPort }: UsedServer, children: readonly object[] = []) => ({
  ...{ name, type: 'MODEL', endpoint: { service_host: '127.0.0.1', httpPort } },
  children,
});

const chains = {
  'MLServer before KServe': () => node('doubler', one, [node('doubler-too', other)]),
  'KServe before MLServer': () => node('doubler-too', other, [node('doubler', one)]),
};

describe.skipIf(one.missing).each(Object.entries(chains))('v2: %s', (_, graph) => {
  const adapter = useAdapter(() => ({
    SELDON_PROTOCOL: 'v2',
    PREDICTOR_URL: '',
    MODEL_NAME: '',
    ENGINE_PREDICTOR: encodeEngine({ graph: graph() }),
  }));

  test('an event goes through both', async () => {
    const answer = await send(adapter.url, { headers: ceHeaders(), body: v2Payload(1, 2) });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ outputs: [{ name: 'doubled', data: [4, 8] }] });
    expect(attributesIn(answer.headers)).toEqual(replyAttributes);
    expect((await get(`${adapter.url}/readyz`)).status).toBe(200);
  });

  test.each([
    [-1, 502],
    [501, 400],
  ])('what a node fails on or refuses is told: %i', async (x, status) => {
    const answer = await send(adapter.url, { headers: ceHeaders(), body: v2Payload(x) });
    expect([answer.status, answer.headers['content-type']]).toEqual([
      status,
      'application/problem+json',
    ]);
    expect(attributesIn(answer.headers)).toEqual([]);
  });
});

describe.skipIf(one.missing)('tensorflow: KServe before KServe', () => {
  const adapter = useAdapter(() => ({
    SELDON_PROTOCOL: 'tensorflow',
    PREDICTOR_URL: '',
    MODEL_NAME: '',
    ENGINE_PREDICTOR: encodeEngine({
      graph: node('doubler', other, [node('doubler-too', other)]),
    }),
  }));

  test('an event goes through both', async () => {
    const body = JSON.stringify({ instances: [[1, 2]] });
    const answer = await send(adapter.url, { headers: ceHeaders(), body });
    expect(answer.json()).toEqual({ predictions: [[4, 8]] });
    expect(attributesIn(answer.headers)).toEqual(replyAttributes);
  });
});
