/** A graph of two nodes, both Seldon's own Python wrapper: a transformer and a model. */

import { describe, expect, test } from 'vitest';
import { ceHeaders, get, openAdapter, send, useAdapter } from '../support/adapter.ts';
import { encodeEngine } from '../support/graph-nodes.ts';
import { attributesIn, replyAttributes } from './messages.ts';
import { seldonModel, seldonWrapper, useModelServer } from './model-server.ts';

const transformer = await useModelServer(seldonWrapper('AddOne', 'TRANSFORMER'));
const model = await useModelServer(seldonModel);

const nodeAt = (httpPort: number) => ({ endpoint: { service_host: '127.0.0.1', httpPort } });
const engineWith = (modelPort: number): string =>
  encodeEngine({
    graph: {
      ...{ name: 'plus', type: 'TRANSFORMER', ...nodeAt(transformer.httpPort) },
      children: [{ name: 'double', type: 'MODEL', ...nodeAt(modelPort) }],
    },
  });

const json = { 'content-type': 'application/json' };
const payload = (...numbers: number[]) => JSON.stringify({ data: { ndarray: [numbers] } });

interface Prediction {
  readonly data: { readonly ndarray: number[][] };
  readonly meta: { readonly tags: Readonly<Record<string, unknown>> };
}

describe.skipIf(model.missing)("a graph of Seldon's Python wrappers", () => {
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
