/** The status and metadata routes of Seldon's executor, which the predictor answers. */

import { describe, expect, test } from 'vitest';
import type { ProtocolName } from '../../../src/inference/protocol.ts';
import {
  eventually,
  get,
  openAdapter,
  protocolNames,
  rawRequest,
  send,
  useAdapter,
} from '../../support/adapter.ts';
import { recordedAnswer, useRecordingPredictor } from '../../support/recording-predictor.ts';

const predictor = useRecordingPredictor();

/** A path of ours, and the one that the predictor is asked at. */
const questions: Readonly<Record<ProtocolName, readonly [path: string, asked: string][]>> = {
  seldon: [
    ['/api/v0.1/status/iris', '/health/status'],
    ['/api/v1.0/status/iris', '/health/status'],
    ['/api/v1.0/status', '/health/status'],
    ['/api/v1.0/health/status', '/health/status'],
    ['/api/v0.1/metadata/iris', '/metadata'],
    ['/api/v1.0/metadata/iris', '/metadata'],
  ],
  tensorflow: [
    ['/v1/models/iris', '/v1/models/iris'],
    ['/v1/models/iris/metadata', '/v1/models/iris/metadata'],
    ['/v1/models/iris/versions/2', '/v1/models/iris/versions/2'],
    ['/v1/models/iris/versions/2/metadata', '/v1/models/iris/versions/2/metadata'],
    ['/v1/models/iris/labels/canary', '/v1/models/iris/labels/canary'],
    ['/v1/models/m%C3%A8re', '/v1/models/m%C3%A8re'],
  ],
  v2: [
    ['/v2', '/v2'],
    ['/v2/models/iris', '/v2/models/iris'],
    ['/v2/models/iris/ready', '/v2/models/iris/ready'],
    ['/v2/models/iris/versions/2', '/v2/models/iris/versions/2'],
    ['/v2/models/iris/versions/2/ready', '/v2/models/iris/versions/2/ready'],
  ],
};

describe.each(protocolNames)('protocol %s', (protocol) => {
  const adapter = useAdapter(() => ({ SELDON_PROTOCOL: protocol, PREDICTOR_URL: predictor.url }));

  test.each(questions[protocol])('GET %s asks the predictor at %s', async (path, asked) => {
    const answer = await send(`${adapter.url}${path}?q=1`, {
      method: 'GET',
      headers: { 'x-custom': 'mine', 'seldon-puid': 'p-1' },
    });
    expect([answer.status, answer.text]).toEqual([200, recordedAnswer]);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'seldon-puid': 'p-1',
      'x-content-type-options': 'nosniff',
    });
    expect(predictor.calls.map((call) => [call.method, call.path])).toEqual([['GET', asked]]);
    expect(predictor.calls[0]?.headers).toMatchObject({ 'x-custom': 'mine', 'seldon-puid': 'p-1' });
  });

  const path = questions[protocol][0]?.[0];

  test('the predictor is asked once, and its refusal is passed on', async () => {
    predictor.answer = (_call, response) => {
      response.writeHead(503, { 'content-type': 'text/plain', 'ce-id': 'x' }).end('loading');
    };
    const answer = await get(`${adapter.url}${path}`);
    expect([answer.status, answer.text]).toEqual([503, 'loading']);
    expect(answer.headers['ce-id']).toBeUndefined();
    expect(predictor.calls).toHaveLength(1);
  });

  test('a predictor that breaks off is a failure in the shape of the protocol', async () => {
    predictor.answer = (_call, response) => void response.socket?.destroy();
    const answer = await get(`${adapter.url}${path}`);
    expect(answer.status).toBe(502);
    expect(answer.headers['content-type']).toBe('application/json');
    const shape = protocol === 'seldon' ? { status: { code: 502, status: 'FAILURE' } } : {};
    expect(answer.json()).toMatchObject(shape);
    expect(answer.text).toContain('lost before it answered');
  });

  test.each([
    '/v1/models/..',
    '/v1/models/%2e%2e/metadata',
    '/v1/models/iris:predict',
    '/v2/models/..',
    '/v2/models/%2E%2e/ready',
    '/v2/models/iris/infer',
    '/api/v1.0/status/a/b',
    '/api/v1.0/metadata/',
    '/api/v0.1/metadata',
    `/v2/models/${'x'.repeat(1_001)}`,
  ])('GET %s never reaches the predictor', async (target) => {
    const lines = `GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`;
    const answer = await rawRequest(adapter.port, lines);
    expect([404, 405, 414]).toContain(answer.status);
    expect(predictor.calls).toEqual([]);
  });
});

describe('a model that is not there', () => {
  const adapter = useAdapter(() => ({ PREDICTOR_URL: predictor.url }));

  test('is 404, and what there is is named', async () => {
    const answer = await get(`${adapter.url}/api/v1.0/status/other`);
    expect(answer.status).toBe(404);
    expect(answer.json()).toMatchObject({ status: { code: 404, reason: 'ROUTE_UNKNOWN' } });
    expect(answer.text).toContain('it has \\"iris\\"');
    expect(predictor.calls).toEqual([]);
  });
});

describe('metadata of the graph', () => {
  const adapter = useAdapter(() => ({ PREDICTOR_URL: predictor.url, PREDICTOR_ID: 'main' }));
  const url = () => `${adapter.url}/api/v1.0/metadata`;

  test("is made of the model's, as Seldon's executor makes it", async () => {
    const metadata = { name: 'm', versions: ['1'], inputs: [{ name: 'in' }], custom: { a: 'b' } };
    predictor.answer = (_call, response) => void response.end(JSON.stringify(metadata));
    const answer = await get(url());
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.json()).toEqual({
      name: 'main',
      models: { iris: metadata },
      graphinputs: [{ name: 'in' }],
      graphoutputs: null,
    });
  });

  test.each(['', 'x', '[]', 'null', '1'])('of a model that answers %j is 502', async (text) => {
    predictor.answer = (_call, response) => void response.end(text);
    const answer = await get(url());
    expect(answer.status).toBe(502);
    expect(answer.json()).toMatchObject({ status: { reason: 'PREDICTOR_ANSWER_UNUSABLE' } });
  });

  test('that the model refuses is passed on', async () => {
    predictor.answer = (_call, response) => void response.writeHead(500).end('{}');
    expect((await get(url())).status).toBe(500);
  });
});

describe('questions and our limits', () => {
  test('no more of them than predictions reach the predictor at once', async () => {
    const settings = { PREDICTOR_URL: predictor.url, MAX_CONCURRENCY: '2', MAX_WAITING: '1' };
    const adapter = await openAdapter(settings);
    const open: (() => void)[] = [];
    predictor.answer = (_call, response) => void open.push(() => response.end('{}'));
    const asked = Array.from({ length: 4 }, () => get(`${adapter.url}/api/v1.0/status`));
    await eventually(() => open.length === 2);
    expect((await Promise.race(asked)).status).toBe(429);
    for (const end of open) end();
    await eventually(() => open.length === 3);
    open[2]?.();
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 200, 200, 429]);
  });

  test('one that hangs is given up after the attempt timeout', async () => {
    const adapter = await openAdapter({ PREDICTOR_URL: predictor.url, ATTEMPT_TIMEOUT_MS: '50' });
    predictor.answer = () => undefined;
    expect((await get(`${adapter.url}/api/v1.0/status`)).status).toBe(504);
  });
});

describe("the health routes of v2 are the adapter's own", () => {
  test('live and ready, and not ready where the predictor is not', async () => {
    const adapter = await openAdapter({ SELDON_PROTOCOL: 'v2', PREDICTOR_URL: predictor.url });
    await eventually(async () => (await get(`${adapter.url}/v2/health/ready`)).status === 200);
    predictor.health = 503;
    await eventually(async () => (await get(`${adapter.url}/v2/health/ready`)).status === 503);
    expect((await get(`${adapter.url}/v2/health/live`)).status).toBe(200);
    expect(predictor.calls).toEqual([]);
  });

  test('are not there for other protocols', async () => {
    const adapter = await openAdapter({ PREDICTOR_URL: predictor.url });
    expect((await get(`${adapter.url}/v2/health/live`)).status).toBe(404);
  });
});

describe('the OpenAPI document', () => {
  const adapter = useAdapter();

  test.each(['/api/v0.1/doc/seldon.json', '/api/v1.0/doc/seldon.json'])(
    'at %s names the deployment, and paths that are there',
    async (path) => {
      const answer = await get(`${adapter.url}${path}`);
      expect(answer.headers['content-type']).toBe('application/json');
      const document = answer.json<{ info: object; paths: Record<string, object> }>();
      expect(document).toMatchObject({ openapi: '3.0.3', info: { title: 'iris in tests' } });
      for (const [route, methods] of Object.entries(document.paths)) {
        const url = adapter.url + route.replace('{model}', 'iris');
        for (const method of Object.keys(methods)) {
          const { status } = await send(url, { method: method.toUpperCase(), body: '{}' });
          expect([404, 405]).not.toContain(status);
        }
      }
      for (const [, name = ''] of answer.text.matchAll(/#\/components\/schemas\/(\w+)/g)) {
        expect(document).toHaveProperty(['components', 'schemas', name]);
      }
    },
  );
});
