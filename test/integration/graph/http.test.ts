/** Graphs over HTTP: events and ordinary requests, nodes on real sockets. */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  ceHeaders,
  eventually,
  get,
  openAdapter,
  send,
  type TestAdapter,
} from '../../support/adapter.ts';
import { type GraphSpec, useGraphNodes } from '../../support/graph-nodes.ts';

const nodes = useGraphNodes();

/** An adapter before a graph; its seldon-puid is the test's. */
async function adapterOf(
  graph: GraphSpec,
  settings: Readonly<Record<string, string>> = {},
  more: object = {},
): Promise<TestAdapter> {
  const engine = await nodes.engine(graph, more);
  return openAdapter({ PREDICTOR_URL: '', ENGINE_PREDICTOR: engine, ...settings });
}

const model = (name: string, more: object = {}): GraphSpec => ({ name, type: 'MODEL', ...more });
const input = '{"data":{"ndarray":[[1,2]]}}';

interface SeldonAnswer {
  readonly data: { readonly names?: string[] };
  readonly meta: Record<string, unknown>;
}

const plain = (adapter: TestAdapter, body = input, headers = {}) =>
  send(`${adapter.url}/api/v1.0/predictions`, {
    headers: { 'content-type': 'application/json', 'seldon-puid': 'p1', ...headers },
    body,
  });

describe('a graph answers', () => {
  test('a chain: transformer, model, output transformer', async () => {
    const adapter = await adapterOf({
      name: 'out',
      type: 'OUTPUT_TRANSFORMER',
      children: [{ name: 'in', type: 'TRANSFORMER', children: [model('m')] }],
    });
    const answer = await plain(adapter);
    expect(answer.status).toBe(200);
    expect(nodes.calls).toEqual(['in/transform-input', 'm/predict', 'out/transform-output']);
    const { data, meta } = answer.json<SeldonAnswer>();
    expect(data.names).toEqual(['in', 'm', 'out']);
    expect(meta).toEqual({
      puid: 'p1',
      routing: { out: -1, in: -1 },
      requestPath: { out: '', in: '', m: '' },
    });
    expect(answer.headers['seldon-puid']).toBe('p1');
  });

  test('events, with a reply event', async () => {
    const adapter = await adapterOf({ name: 't', type: 'TRANSFORMER', children: [model('m')] });
    const answer = await send(`${adapter.url}/`, { headers: ceHeaders(), body: input });
    expect(answer.headers).toMatchObject({
      'ce-type': 'seldon.iris.tests.response',
      'ce-causationid': 'event-1',
    });
    expect(answer.json<SeldonAnswer>().data.names).toEqual(['t', 'm']);
  });

  test('with the headers, the id and the content type of the request at every node', async () => {
    const adapter = await adapterOf({ name: 't', type: 'TRANSFORMER', children: [model('m')] });
    const headers = { 'x-tenant': 'blue', traceparent: '00-1-2-01', 'accept-encoding': 'gzip' };
    await plain(adapter, input, headers);
    expect(nodes.requests).toHaveLength(2);
    for (const request of nodes.requests) {
      expect(request.headers).toMatchObject({
        'x-tenant': 'blue',
        traceparent: '00-1-2-01',
        'seldon-puid': 'p1',
        'content-type': 'application/json',
      });
      expect(request.headers).not.toHaveProperty('accept-encoding');
    }
  });

  test('children in parallel: a slow one holds up no other, and is waited for', async () => {
    const adapter = await adapterOf({
      name: 'c',
      type: 'COMBINER',
      children: [model('slow'), model('quick')],
    });
    const order: string[] = [];
    let release = (): void => undefined;
    const quickDone = new Promise<void>((resolve) => {
      release = resolve;
    });
    nodes.answer['slow'] = async () => {
      await quickDone;
      order.push('slow');
      return { body: { data: { names: ['slow'] } } };
    };
    nodes.answer['quick'] = () => {
      order.push('quick');
      release();
      return { body: { data: { names: ['quick'] } } };
    };
    const { data } = (await plain(adapter)).json<SeldonAnswer>();
    expect(order).toEqual(['quick', 'slow']);
    expect(data.names).toEqual(['slow', 'c']);
  });

  test('built-in units alone, with no service at all', async () => {
    const adapter = await adapterOf({
      name: 'ab',
      implementation: 'RANDOM_ABTEST',
      parameters: [{ name: 'ratioA', value: '1' }],
      children: ['a', 'b'].map((name) => ({ name, implementation: 'SIMPLE_MODEL' })),
    });
    const { meta } = (await plain(adapter)).json<SeldonAnswer>();
    expect(meta['routing']).toEqual({ ab: 0 });
    await eventually(async () => (await get(`${adapter.url}/readyz`)).status === 200);
  });

  test('a single MODEL byte for byte, as without a graph', async () => {
    const adapter = await adapterOf(model('m'));
    nodes.answer['m'] = () => ({ body: '{ "data" : [1.0] , "meta":{}}' });
    expect((await plain(adapter)).text).toBe('{ "data" : [1.0] , "meta":{}}');
  });

  test.each([
    ['tensorflow', '/v1/models/t:predict', { instances: [1] }, { predictions: [2] }],
    ['v2', '/v2/models/t/infer', { inputs: [1] }, { outputs: [2] }],
  ] as const)('in %s, at its own paths', async (protocol, path, request, answer) => {
    const spec = { name: 't', type: 'TRANSFORMER', children: [model('m')] };
    const adapter = await adapterOf(spec, { SELDON_PROTOCOL: protocol });
    nodes.answer['t'] = nodes.answer['m'] = () => ({ body: answer });
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(request);
    const whole = await send(adapter.url + path, { headers, body });
    expect(whole.json()).toEqual(answer);
    expect(nodes.calls).toEqual([`t${path}`, `m${path.replace('/t', '/m')}`]);
    // A path that names another node begins there; one that names none is not there.
    await send(adapter.url + path.replace('/t', '/m'), { headers, body });
    expect(nodes.calls).toHaveLength(3);
    const unknown = await send(adapter.url + path.replace('/t', '/x'), { headers, body });
    expect(unknown.status).toBe(404);
    expect(unknown.text).toContain('the graph has no node \\"x\\"');
  });
});

describe('what goes wrong at a node is told with its name, its address and what to do', () => {
  const chain = { name: 't', type: 'TRANSFORMER', children: [model('m')] };
  const event = (adapter: TestAdapter) =>
    send(`${adapter.url}/`, { headers: ceHeaders(), body: input });

  test.each([
    [500, 502, 'PREDICTOR_FAILED', "look at the predictor's log"],
    [400, 400, 'PREDICTOR_REFUSED', 'mend the payload'],
    [404, 502, 'PREDICTOR_MISCONFIGURED', "check the node's endpoint in ENGINE_PREDICTOR"],
  ])('%i', async (status, told, code, advice) => {
    const adapter = await adapterOf(chain);
    nodes.answer['m'] = () => ({ status, body: { status: { info: 'because' } } });
    const answer = await event(adapter);
    expect(answer.status).toBe(told);
    const problem = answer.json<{ detail: string; code: string }>();
    expect(answer.text).toContain(code);
    expect(problem.detail).toContain(`node "m" (127.0.0.1:${nodes.port('m')}) at /predict`);
    expect(problem.detail).toContain(advice);
    // An ordinary request is shown the node's own words, as Seldon's executor does it.
    const ordinary = await plain(adapter);
    expect(ordinary.status).toBe(status);
    expect(ordinary.json()).toEqual({ status: { info: 'because' } });
  });

  test('one that cannot be reached, and that is asked no more while it is away', async () => {
    const adapter = await adapterOf({
      name: 'far',
      type: 'TRANSFORMER',
      children: [model('gone')],
    });
    await nodes.stop('gone');
    const answer = await event(adapter);
    expect(answer.status).toBe(502);
    expect(answer.text).toMatch(/node \\"gone\\" \(127\.0\.0\.1:\d+\): .*cannot be reached/);
    const next = await event(adapter);
    expect([next.status, next.json()['code']]).toEqual([503, 'CIRCUIT_OPEN']);
    expect(next.text).toContain('is not called for now');
    expect(adapter.log).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'the node is not called for a while: its circuit breaker opened',
      }),
    );
  });

  test('one that does not answer in time; the request ends by its own deadline', async () => {
    const adapter = await adapterOf(chain, { ATTEMPT_TIMEOUT_MS: '50' });
    nodes.answer['m'] = () => sleep(2_000, {}, { ref: false });
    const answer = await event(adapter);
    expect(answer.status).toBe(504);
    expect(answer.text).toMatch(/node \\"m\\" .* did not answer within 50 ms/);
  });

  test('one that turns calls away is asked again, one that was reached is not', async () => {
    const adapter = await adapterOf(chain);
    let turnedAway = 0;
    nodes.answer['m'] = () => {
      turnedAway += 1;
      return turnedAway === 1 ? { status: 503 } : { body: {} };
    };
    expect((await event(adapter)).status).toBe(200);
    expect(nodes.calls).toEqual(['t/transform-input', 'm/predict', 'm/predict']);
    nodes.calls.length = 0;
    nodes.answer['m'] = () => undefined;
    expect((await event(adapter)).status).toBe(502);
    expect(nodes.calls).toEqual(['t/transform-input', 'm/predict']);
  });

  test('a router out of range is the deployment’s fault, with router, index and count', async () => {
    const adapter = await adapterOf({ name: 'r', type: 'ROUTER', children: [model('a')] });
    nodes.answer['r'] = () => ({ body: [5] });
    const answer = await event(adapter);
    expect(answer.headers['kne-seldonerrorclass']).toBe('deployment');
    expect(answer.text).toMatch(/node \\"r\\" .* routed to child 5, but has 1 children/);
  });
});

describe('the health of a graph', () => {
  test('is ready when every node says so, and names the one that does not', async () => {
    const engine = await nodes.engine({ name: 't', type: 'TRANSFORMER', children: [model('m')] });
    nodes.health['m'] = 503;
    const adapter = await openAdapter({ PREDICTOR_URL: '', ENGINE_PREDICTOR: engine });
    const readyz = () => get(`${adapter.url}/readyz`);
    await eventually(async () => (await readyz()).text.includes('answered 503'));
    expect((await readyz()).json()).toMatchObject({
      ready: false,
      parts: { predictor: expect.stringMatching(/^m: GET http.*answered 503$/) },
    });
    nodes.health['m'] = 200;
    await eventually(async () => (await readyz()).status === 200);
  });

  test('has its metrics: they tell the nodes apart, and what was called there', async () => {
    const containers = [{ name: 'm', image: 'localhost:5000/iris:0.1' }];
    const adapter = await adapterOf(
      { name: 't', type: 'TRANSFORMER', children: [model('m')] },
      {},
      { componentSpecs: [{ spec: { containers } }] },
    );
    await plain(adapter);
    const { text } = await get(`${adapter.url}/metrics`);
    expect(text).toMatch(
      /client_requests_seconds_count\{.*service="\/predict",method="post",code="200",model_name="m",model_image="localhost:5000\/iris",model_version="0\.1"\} 1/,
    );
  });
});
