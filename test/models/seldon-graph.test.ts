/** Graphs whose nodes are all Seldon's own Python wrapper. */

import { describe, expect, test } from 'vitest';
import { ceHeaders, get, openAdapter, send, useAdapter } from '../support/adapter.ts';
import { encodeEngine } from '../support/graph-nodes.ts';
import { attributesIn, replyAttributes } from './messages.ts';
import { seldonModel, seldonWrapper, useModelServer } from './model-server.ts';

const transformer = await useModelServer(seldonWrapper('AddOne', 'TRANSFORMER'));
const model = await useModelServer(seldonModel);
const router = await useModelServer(seldonWrapper('Choose', 'ROUTER', 'choose'));
const combiner = await useModelServer(seldonWrapper('Mean', 'COMBINER'));

const nodeAt = (httpPort: number) => ({ endpoint: { service_host: '127.0.0.1', httpPort } });
const plusThenDouble = (suffix: string, modelPort: number) => ({
  ...{ name: `plus${suffix}`, type: 'TRANSFORMER', ...nodeAt(transformer.httpPort) },
  children: [{ name: `double${suffix}`, type: 'MODEL', ...nodeAt(modelPort) }],
});
const engineWith = (modelPort: number): string =>
  encodeEngine({ graph: plusThenDouble('', modelPort) });

const json = { 'content-type': 'application/json' };
const payload = (...numbers: number[]) => JSON.stringify({ data: { ndarray: [numbers] } });

interface Prediction {
  readonly data: { readonly ndarray: number[][] };
  readonly meta: {
    readonly tags: Readonly<Record<string, unknown>>;
    readonly routing: Readonly<Record<string, number>>;
    readonly requestPath: Readonly<Record<string, string>>;
  };
}

describe.skipIf(model.missing)('a transformer before a model', () => {
  const adapter = useAdapter(() => ({
    PREDICTOR_URL: '',
    ENGINE_PREDICTOR: engineWith(model.httpPort),
  }));
  const predictions = () => `${adapter.url}/api/v1.0/predictions`;

  test('an event goes through both, and its reply says by which way', async () => {
    const answer = await send(adapter.url, { headers: ceHeaders(), body: payload(1, 2) });
    expect(answer.status).toBe(200);
    expect(attributesIn(answer.headers)).toEqual(replyAttributes);
    expect(answer.json()).toMatchObject({
      data: { ndarray: [[4, 6]] },
      meta: {
        puid: answer.headers['ce-id'],
        tags: { added: 1, rewards: expect.any(Number) },
        requestPath: { plus: expect.any(String), double: expect.any(String) },
        metrics: [{ key: 'doubled', type: 'COUNTER', value: 1 }],
      },
    });
  });

  test('an ordinary request does too', async () => {
    const answer = await send(predictions(), { headers: json, body: payload(3) });
    expect(answer.json<Prediction>().data.ndarray).toEqual([[8]]);
  });

  test.each([
    ['raises', payload(-2), 502, 500],
    ['refuses the payload', payload(1000), 400, 400],
  ])('the second node %s: an event gets a problem, a caller its words', async (...row) => {
    const [, body, status, plainStatus] = row;
    const event = await send(adapter.url, { headers: ceHeaders(), body });
    expect([event.status, event.headers['content-type']]).toEqual([
      status,
      'application/problem+json',
    ]);
    expect(event.text).toContain('double');
    const plain = await send(predictions(), { headers: json, body });
    expect(plain.status).toBe(plainStatus);
    expect(plain.text).toMatch(/MICROSERVICE_/);
  });

  test('feedback reaches the model through the transformer', async () => {
    const predict = async (): Promise<Prediction> => {
      const answer = await send(predictions(), { headers: json, body: payload(1) });
      return answer.json<Prediction>();
    };
    const response = await predict();
    const request = { data: { ndarray: [[1]] } };
    const feedback = JSON.stringify({ request, response, reward: 1.5 });
    const told = await send(`${adapter.url}/api/v1.0/feedback`, { headers: json, body: feedback });
    expect(told.status).toBe(200);
    const rewards = Number(response.meta.tags['rewards']);
    expect((await predict()).meta.tags['rewards']).toBe(rewards + 1.5);
  });

  test('it is ready when both nodes are, and not where one is missing', async () => {
    expect((await get(`${adapter.url}/readyz`)).status).toBe(200);
    const other = await openAdapter({ PREDICTOR_URL: '', ENGINE_PREDICTOR: engineWith(1) });
    const event = await send(other.url, { headers: ceHeaders(), body: payload(1) });
    expect(event.status).toBe(502);
    expect((await get(`${other.url}/readyz`)).status).toBe(503);
  });
});

describe.skipIf(model.missing)('a router before a chain and a combiner of two', () => {
  const adapter = useAdapter(() => ({
    PREDICTOR_URL: '',
    ENGINE_PREDICTOR: encodeEngine({
      graph: {
        ...{ name: 'choose', type: 'ROUTER', ...nodeAt(router.httpPort) },
        children: [
          plusThenDouble('', model.httpPort),
          {
            ...{ name: 'mean', type: 'COMBINER', ...nodeAt(combiner.httpPort) },
            children: [
              { name: 'twice', type: 'MODEL', ...nodeAt(model.httpPort) },
              plusThenDouble('-too', model.httpPort),
            ],
          },
        ],
      },
    }),
  }));
  const predict = (...numbers: number[]) =>
    send(`${adapter.url}/api/v1.0/predictions`, { headers: json, body: payload(...numbers) });

  test.each([
    ['the chain', 0, [2, 6], ['choose', 'double', 'plus']],
    ['the combiner', 1, [3, 5], ['choose', 'double-too', 'mean', 'plus-too', 'twice']],
  ])('%s answers where the router says so, and meta says how it came', async (...row) => {
    const [, route, expected, nodes] = row;
    const answer = await predict(route, 2);
    expect(answer.status).toBe(200);
    const { data, meta } = answer.json<Prediction>();
    expect(data.ndarray).toEqual([expected]);
    expect(meta.routing).toMatchObject({ choose: route });
    expect(Object.keys(meta.requestPath).sort()).toEqual(nodes);
    const event = await send(adapter.url, { headers: ceHeaders(), body: payload(route, 2) });
    expect(event.json<Prediction>().data.ndarray).toEqual([expected]);
  });

  test.each([
    ['a router that raises', 99, 502],
    ['a child that there is not', 7, 502],
  ])('%s: the event gets a problem that names it', async (_, route, status) => {
    const answer = await send(adapter.url, { headers: ceHeaders(), body: payload(route, 2) });
    expect(answer.status).toBe(status);
    expect(answer.text).toContain('choose');
  });

  test('feedback tells the router which child was rewarded, and that child alone', async () => {
    const before = (await predict(0, 1)).json<Prediction>();
    const request = { data: { ndarray: [[0, 1]] } };
    const feedback = JSON.stringify({ request, response: before, reward: 0.5 });
    const told = await send(`${adapter.url}/api/v1.0/feedback`, { headers: json, body: feedback });
    expect(told.status).toBe(200);
    const own = await send(`${router.url}/route`, { headers: json, body: payload(0) });
    expect(own.json<Prediction>().meta.tags['rewarded']).toEqual([[0, 0.5]]);
    const { meta } = (await predict(0, 1)).json<Prediction>();
    expect(meta.tags['rewards']).toBe(Number(before.meta.tags['rewards']) + 0.5);
  });
});
