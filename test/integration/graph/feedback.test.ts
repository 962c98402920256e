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

  describe('delivered again', () => {
    const event = (id: string) => ({
      headers: ceHeaders({ 'ce-type': 'seldon.iris.tests.feedback', 'ce-id': id }),
      body: toB,
    });
    const rewardsOf = async (url: string): Promise<string | undefined> =>
      /feedback_reward_total\{.*model_name="b".*\} (\S+)/.exec(
        (await get(`${url}/metrics`)).text,
      )?.[1];

    test.each(['/api/v0.1/feedback', '/api/v1.0/feedback'])(
      'on %s while the first is under way rewards once',
      async (path) => {
        const adapter = await open();
        let release = (): void => undefined;
        const held = new Promise<void>((resolve) => {
          release = resolve;
        });
        nodes.answer['b'] = async () => {
          await held;
          return { body: {} };
        };
        // The same, delivered again on another path that takes it.
        const answers = [path, path, '/'].map((at) => send(adapter.url + at, event('1')));
        await eventually(async () =>
          /duplicates_total\{result="shared".*\} 2/.test(
            (await get(`${adapter.url}/metrics`)).text,
          ),
        );
        release();
        for (const { status, text } of await Promise.all(answers)) {
          expect([status, text]).toEqual([200, '']);
        }
        expect(nodes.calls).toEqual(['b/send-feedback', 'r/send-feedback']);
        expect(await rewardsOf(adapter.url)).toBe('1');
      },
    );

    test('late rewards once where answers are kept; another event, or a plain request, each time', async () => {
      const adapter = await open({ DEDUP_MAX_ENTRIES: '10' });
      const path = `${adapter.url}/api/v1.0/feedback`;
      for (const id of ['1', '1', '1', '2']) expect((await send(path, event(id))).status).toBe(200);
      expect(await rewardsOf(adapter.url)).toBe('2');
      const plain = { headers: json, body: toB };
      for (let i = 0; i < 2; i += 1) expect((await send(path, plain)).status).toBe(200);
      expect(await rewardsOf(adapter.url)).toBe('4');
    });

    test('after a failure is taken: a reward that reached nobody is none', async () => {
      const adapter = await open({ DEDUP_MAX_ENTRIES: '10' });
      const path = `${adapter.url}/api/v1.0/feedback`;
      nodes.answer['b'] = () => ({ status: 500, body: {} });
      const failed = await send(path, event('1'));
      expect([failed.status, failed.headers['kne-seldonerrorclass']]).toEqual([502, 'transient']);
      nodes.answer['b'] = () => ({ body: {} });
      expect((await send(path, event('1'))).status).toBe(200);
      expect(await rewardsOf(adapter.url)).toBe('1');
    });

    test('whatever its type, and not after it has expired', async () => {
      const adapter = await open();
      const headers = ceHeaders({ 'ce-type': 'any', 'ce-expirytime': '2020-01-01T00:00:00Z' });
      const path = `${adapter.url}/api/v1.0/feedback`;
      expect((await send(path, { headers, body: toB })).status).toBe(200);
      expect(nodes.calls).toEqual([]);
      const inTime = ceHeaders({ 'ce-type': 'any' });
      expect((await send(path, { headers: inTime, body: toB })).status).toBe(200);
      expect(await rewardsOf(adapter.url)).toBe('1');
    });
  });

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
