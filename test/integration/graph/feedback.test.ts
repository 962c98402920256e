/** Feedback over HTTP: on Seldon's own path, and as events. */

import { describe, expect, test } from 'vitest';
import { ceHeaders, eventually, get, openAdapter, send } from '../../support/adapter.ts';
import { type GraphSpec, useGraphNodes } from '../../support/graph-nodes.ts';

const nodes = useGraphNodes();
const router: GraphSpec = {
  name: 'r',
  type: 'ROUTER',
  children: [{ name: 'a' }, { name: 'b', type: 'MODEL' }],
};

const open = async (settings = {}) =>
  openAdapter({ PREDICTOR_URL: '', ENGINE_PREDICTOR: await nodes.engine(router), ...settings });
const json = { 'content-type': 'application/json' };
const feedbackOn = (response: unknown, reward = 1) =>
  JSON.stringify({ request: {}, response, reward, truth: { data: { ndarray: [1] } } });
const toB = feedbackOn({ meta: { routing: { r: 1 } } });

describe('feedback', () => {
  test('on an answer goes to the child that made it, by the answer’s own routing', async () => {
    const adapter = await open();
    nodes.answer['r'] = ({ path }) => ({ body: path === '/route' ? [1] : { meta: {} } });
    const body = '{"data":{"ndarray":[[1]]}}';
    const answer = await send(`${adapter.url}/api/v1.0/predictions`, { headers: json, body });
    nodes.calls.length = 0;
    const told = await send(`${adapter.url}/api/v1.0/feedback`, {
      headers: json,
      body: feedbackOn(answer.json(), 0.5),
    });
    expect(told.status).toBe(200);
    expect(nodes.calls).toEqual(['b/send-feedback', 'r/send-feedback']);
    const { text } = await get(`${adapter.url}/metrics`);
    expect(text).toMatch(/seldon_api_model_feedback_total\{.*model_name="b".*\} 1/);
    expect(text).toMatch(/seldon_api_model_feedback_reward_total\{.*model_name="b".*\} 0\.5/);
    expect(text).toMatch(/server_requests_seconds_count\{.*service="feedback".*code="200".*\} 1/);
  });

  test.each([
    ['binary', ceHeaders({ 'ce-type': 'seldon.iris.tests.feedback' }), toB],
    [
      'structured',
      { 'content-type': 'application/cloudevents+json' },
      `{"specversion":"1.0","id":"1","source":"/s","type":"seldon.iris.tests.feedback","data":${toB}}`,
    ],
  ])(
    'as an event (%s) on / is answered 200, empty, whatever EVENT_TYPES says',
    async (_, headers, body) => {
      const adapter = await open({ EVENT_TYPES: 'others.only' });
      for (const path of ['/', '/api/v1.0/predictions', '/api/v1.0/feedback']) {
        const answer = await send(adapter.url + path, { headers, body });
        expect([answer.status, answer.text]).toEqual([200, '']);
        expect(answer.headers).not.toHaveProperty('ce-type');
      }
      expect(nodes.requests.map(({ text }) => text)).toEqual(Array(6).fill(toB));
      expect(nodes.calls.slice(0, 2)).toEqual(['b/send-feedback', 'r/send-feedback']);
    },
  );

  test('to a single model, named by PREDICTOR_URL or by a graph, goes to that model', async () => {
    await nodes.engine({ name: 'm' });
    const url = `http://127.0.0.1:${nodes.port('m')}`;
    const graph = await nodes.engine({ name: 'm' });
    for (const settings of [
      { PREDICTOR_URL: url },
      { PREDICTOR_URL: '', ENGINE_PREDICTOR: graph, BATCH_MAX_SIZE: '4' },
    ]) {
      const adapter = await openAdapter(settings);
      const told = await send(`${adapter.url}/api/v0.1/feedback`, { headers: json, body: toB });
      expect(told.status).toBe(200);
    }
    expect(nodes.calls).toEqual(['m/send-feedback', 'm/send-feedback']);
  });

  test('that is none is refused for good, in the shape that the sender expects', async () => {
    const adapter = await open();
    const bad = feedbackOn({ meta: { routing: { r: 9 } } });
    const path = `${adapter.url}/api/v1.0/feedback`;
    const plain = await send(path, { headers: json, body: bad });
    expect(plain.status).toBe(400);
    expect(plain.json()).toMatchObject({ status: { status: 'FAILURE', code: 400 } });
    expect(plain.text).toContain('chose child 9');
    expect((await send(path, { headers: json })).status).toBe(400);
    expect((await send(path, { headers: json, body: 'x' })).status).toBe(400);
    const headers = ceHeaders({ 'ce-type': 'seldon.iris.tests.feedback' });
    const event = await send(`${adapter.url}/`, { headers, body: bad });
    expect([event.status, event.headers['kne-seldonerrorclass']]).toEqual([400, 'record']);
    const noId = await send(path, { headers: ceHeaders({ 'ce-id': undefined }), body: toB });
    expect(noId.status).toBe(400);
    const batch = { 'content-type': 'application/cloudevents-batch+json' };
    expect((await send(path, { headers: batch, body: '[]' })).text).toContain('no batches');
    expect(nodes.calls).toEqual([]);
  });

  test('that a node fails at is told with the node, and closes it to no prediction', async () => {
    const adapter = await open();
    nodes.answer['b'] = ({ path }) => ({ status: path === '/send-feedback' ? 500 : 200, body: {} });
    const headers = ceHeaders({ 'ce-type': 'seldon.iris.tests.feedback' });
    for (let i = 0; i < 8; i += 1) {
      const answer = await send(`${adapter.url}/`, { headers, body: toB });
      expect(answer.status).toBe(502);
      expect(answer.text).toMatch(
        /node \\"b\\" \(127\.0\.0\.1:\d+\) at \/send-feedback failed with 500/,
      );
    }
    nodes.answer['r'] = () => ({ body: [1] });
    const body = '{"data":{"ndarray":[[1]]}}';
    await eventually(async () => (await get(`${adapter.url}/readyz`)).status === 200);
    const predicted = await send(`${adapter.url}/api/v1.0/predictions`, { headers: json, body });
    expect(predicted.status).toBe(200);
  });
});
