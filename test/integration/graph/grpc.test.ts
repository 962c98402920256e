/** Where graphs, feedback and gRPC meet; what is not done there is refused, and says so. */

import { Buffer } from 'node:buffer';
import { status } from '@grpc/grpc-js';
import { beforeEach, describe, expect, test } from 'vitest';
import { bytesOf, jsonOf } from '../../../src/inference/seldon/message-json.ts';
import { ceHeaders, get, openAdapter, send } from '../../support/adapter.ts';
import { type GraphSpec, useGraphNodes } from '../../support/graph-nodes.ts';
import { openGrpcClient } from '../../support/grpc-client.ts';
import { type AnswerGrpc, type GrpcCall, useGrpcPredictor } from '../../support/grpc-predictor.ts';

const json = { 'content-type': 'application/json' };
const protobuf = { 'content-type': 'application/x-protobuf' };
const feedbackName = 'seldon.protos.Feedback';
const feedback = '{"reward":1}';
const isFeedback = { 'ce-type': 'seldon.iris.tests.feedback' };
const path = '/api/v1.0/feedback';
const bytes = Buffer.from(bytesOf('Feedback', { request: { strData: 'wörds' }, reward: 0.25 }));
const thanks = Buffer.from(bytesOf('SeldonMessage', { strData: 'thanks' }));

describe('a model called over gRPC is given feedback as it came', () => {
  const predictor = useGrpcPredictor();
  const method = '/seldon.protos.Model/SendFeedback';
  const told: GrpcCall[] = [];
  beforeEach(() => {
    told.length = 0;
    predictor.others[method] = (call, reply) => {
      told.push(call);
      reply(null, thanks);
    };
  });
  const metricsOf = async ({ url }: { readonly url: string }) => (await get(`${url}/metrics`)).text;

  test.each(['Seldon', 'Model'])('by %s/SendFeedback', async (service) => {
    const adapter = await openAdapter({ PREDICTOR_URL: predictor.url, GRPC_PORT: '0' });
    const call = openGrpcClient(adapter.grpcPort);
    const metadata = { 'seldon-puid': 'p-1', 'x-mine': 'kept' };
    const ours = `/seldon.protos.${service}/SendFeedback`;
    const answer = await call(ours, bytes, { metadata });
    expect([answer.status, answer.message]).toEqual(['OK', thanks]);
    expect(answer.metadata.get('seldon-puid')).toEqual(['p-1']);
    expect(told.map(({ message }) => message)).toEqual([bytes]);
    for (const [name, value] of Object.entries(metadata)) {
      expect(told[0]?.metadata.get(name)).toEqual([value]);
    }
    const text = await metricsOf(adapter);
    expect(text).toMatch(/model_feedback_total\{.*model_name="iris".*\} 1/);
    expect(text).toMatch(/model_feedback_reward_total\{.*model_name="iris".*\} 0\.25/);
    expect(text).toMatch(new RegExp(`client_requests_seconds_count\\{.*service="${method}",`));
    expect(text).toMatch(new RegExp(`server_requests_seconds_count\\{.*service="${ours}",`));
  });

  test('by an ordinary request, and answered with the bytes of its answer', async () => {
    const adapter = await openAdapter({ PREDICTOR_URL: predictor.url });
    const headers = { ...protobuf, 'proto-name': feedbackName };
    const answer = await send(adapter.url + path, { headers, body: bytes });
    expect([answer.status, answer.body]).toEqual([200, thanks]);
    expect(answer.headers).toMatchObject({
      ...protobuf,
      'proto-name': 'seldon.protos.SeldonMessage',
    });
    expect(told.map(({ message }) => message)).toEqual([bytes]);
  });

  test.each(['/', path])('as an event on %s, answered 200, empty', async (at) => {
    const adapter = await openAdapter({ PREDICTOR_URL: predictor.url });
    const headers = ceHeaders({ ...isFeedback, ...protobuf, 'ce-protoname': feedbackName });
    const answer = await send(adapter.url + at, { headers, body: bytes });
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(told.map(({ message }) => message)).toEqual([bytes]);
  });

  test('whatever it is of the protobuf that its answer is empty', async () => {
    const adapter = await openAdapter({ PREDICTOR_URL: predictor.url, GRPC_PORT: '0' });
    predictor.others[method] = (_call, reply) => reply(null, Buffer.alloc(0));
    const headers = ceHeaders({ ...isFeedback, ...protobuf, 'ce-protoname': feedbackName });
    expect((await send(adapter.url, { headers, body: bytes })).status).toBe(200);
    const answer = await openGrpcClient(adapter.grpcPort)(method, bytes);
    expect(jsonOf('SeldonMessage', answer.message ?? Buffer.from('?'))).toEqual({ status: {} });
  });

  test('at the service that SELDON_GRPC_SERVICE names', async () => {
    const service = '/seldon.protos.Seldon/SendFeedback';
    predictor.others[service] = predictor.others[method] as AnswerGrpc;
    const settings = {
      PREDICTOR_URL: predictor.url,
      SELDON_GRPC_SERVICE: 'seldon',
      GRPC_PORT: '0',
    };
    const { grpcPort } = await openAdapter(settings);
    expect((await openGrpcClient(grpcPort)(method, bytes)).status).toBe('OK');
    expect(told.map((call) => call.path)).toEqual([service]);
  });

  test.each<[string, Record<string, string>, string]>([
    ['JSON', json, 'content type is \\"application/json\\"'],
    ['a nameless protobuf', protobuf, 'does not say which protobuf it is'],
    ['another protobuf', { ...protobuf, 'proto-name': 'a.B' }, 'the payload is a \\"a.B\\"'],
  ])('and %s is refused with what to send', async (_, headers, reason) => {
    const adapter = await openAdapter({ PREDICTOR_URL: predictor.url });
    const plain = await send(adapter.url + path, { headers, body: feedback });
    expect([plain.status, plain.text]).toEqual([415, expect.stringContaining(reason)]);
    expect(plain.text).toContain(`the bytes of a ${feedbackName}`);
    const event = ceHeaders({ ...isFeedback, ...headers });
    expect((await send(adapter.url, { headers: event, body: feedback })).status).toBe(415);
    expect(told).toEqual([]);
    expect(await metricsOf(adapter)).not.toMatch(/model_feedback_total\{/);
  });

  test('but not what cannot be read, nor one that it refuses: both are told', async () => {
    const adapter = await openAdapter({ PREDICTOR_URL: predictor.url, GRPC_PORT: '0' });
    const call = openGrpcClient(adapter.grpcPort);
    expect((await call(method, Buffer.from('nonsense'))).status).toBe('INVALID_ARGUMENT');
    expect(told).toEqual([]);
    predictor.others[method] = (_call, reply) =>
      reply({ code: status.FAILED_PRECONDITION, details: 'not now' });
    const refused = await call(method, bytes);
    expect([refused.status, refused.details]).toEqual(['FAILED_PRECONDITION', 'not now']);
    const headers = { ...protobuf, 'proto-name': feedbackName };
    const plain = await send(adapter.url + path, { headers, body: bytes });
    expect(plain.status).toBe(502);
    expect(plain.json()).toMatchObject({ status: { status: 'FAILURE', code: 502 } });
    const event = ceHeaders({ ...isFeedback, ...headers });
    expect((await send(adapter.url, { headers: event, body: bytes })).status).toBe(502);
    expect(await metricsOf(adapter)).not.toMatch(/model_feedback_total\{/);
  });

  test.each(['v2', 'tensorflow'])('in the protocol %s it is counted alone', async (protocol) => {
    const settings = { PREDICTOR_URL: predictor.url, SELDON_PROTOCOL: protocol };
    const adapter = await openAdapter(settings);
    const headers = { ...protobuf, 'proto-name': feedbackName };
    const answer = await send(adapter.url + path, { headers, body: bytes });
    expect([answer.status, jsonOf('SeldonMessage', answer.body)]).toEqual([200, { status: {} }]);
    expect(told).toEqual([]);
    expect(await metricsOf(adapter)).toMatch(/model_feedback_reward_total\{.*\} 0\.25/);
  });
});

describe('feedback over gRPC for nodes over REST', () => {
  const nodes = useGraphNodes();
  const router = { name: 'r', type: 'ROUTER', children: [{ name: 'a' }, { name: 'b' }] };
  const told = {
    request: { strData: 'x' },
    response: { meta: { routing: { r: 1 } } },
    reward: 0.7,
  };
  const method = '/seldon.protos.Seldon/SendFeedback';
  const open = async (graph: GraphSpec) => {
    const ENGINE_PREDICTOR = await nodes.engine(graph);
    return openAdapter({ PREDICTOR_URL: '', ENGINE_PREDICTOR, GRPC_PORT: '0' });
  };

  test('is their JSON, goes where the prediction was made, and is answered with a message', async () => {
    const adapter = await open(router);
    nodes.answer['r'] = () => ({ body: { data: { ndarray: [[1.5]] } } });
    const metadata = { 'seldon-puid': 'p-1', 'x-mine': 'kept', 'content-encoding': 'gzip' };
    const answer = await openGrpcClient(adapter.grpcPort)(
      method,
      Buffer.from(bytesOf('Feedback', told)),
      { metadata },
    );
    expect(answer.status).toBe('OK');
    expect(jsonOf('SeldonMessage', answer.message ?? Buffer.from('?'))).toMatchObject({
      data: { ndarray: [[1.5]] },
    });
    expect(nodes.calls).toEqual(['b/send-feedback', 'r/send-feedback']);
    for (const { text, headers } of nodes.requests) {
      expect(JSON.parse(text)).toEqual(told);
      expect(headers).toMatchObject({ ...json, 'seldon-puid': 'p-1', 'x-mine': 'kept' });
    }
    const { text } = await get(`${adapter.url}/metrics`);
    expect(text).toMatch(/model_feedback_total\{.*model_name="b".*\} 1/);
  });

  test('to a single model too', async () => {
    const { grpcPort } = await open({ name: 'm' });
    const message = Buffer.from(bytesOf('Feedback', told));
    expect((await openGrpcClient(grpcPort)(method, message)).status).toBe('OK');
    expect(nodes.calls).toEqual(['m/send-feedback']);
  });

  test('that is none, or is answered with none, or with a failure, is told so', async () => {
    const { grpcPort } = await open({ name: 'm' });
    const call = openGrpcClient(grpcPort);
    const bad = await call(method, Buffer.from('nonsense'));
    expect([bad.status, bad.details]).toEqual([
      'INVALID_ARGUMENT',
      expect.stringContaining(feedbackName),
    ]);
    expect(nodes.calls).toEqual([]);
    nodes.answer['m'] = () => ({ body: '[1' });
    const odd = await call(method, bytes);
    expect([odd.status, odd.details]).toEqual([
      'INTERNAL',
      expect.stringContaining('no SeldonMessage'),
    ]);
    nodes.answer['m'] = () => ({ status: 400, body: {} });
    const refused = await call(method, bytes);
    expect(refused.status).toBe('INVALID_ARGUMENT');
    expect(refused.details).toMatch(/node "m" \(127\.0\.0\.1:\d+\) at \/send-feedback/);
  });
});

describe('a graph', () => {
  const nodes = useGraphNodes();

  test('is not called for gRPC callers: UNIMPLEMENTED, and no node hears of it', async () => {
    const graph = { name: 't', type: 'TRANSFORMER', children: [{ name: 'm' }] };
    const engine = await nodes.engine(graph);
    const settings = { PREDICTOR_URL: '', ENGINE_PREDICTOR: engine, GRPC_PORT: '0' };
    const { grpcPort } = await openAdapter(settings);
    const call = openGrpcClient(grpcPort);
    const answer = await call('/seldon.protos.Seldon/Predict', Buffer.from([8, 1]));
    expect(answer.status).toBe('UNIMPLEMENTED');
    expect(nodes.calls).toEqual([]);
  });

  test('refuses protobufs as a predictor over REST does', async () => {
    const graph = { name: 't', type: 'TRANSFORMER', children: [{ name: 'm' }] };
    const engine = await nodes.engine(graph);
    const adapter = await openAdapter({ PREDICTOR_URL: '', ENGINE_PREDICTOR: engine });
    const headers = ceHeaders({ 'content-type': 'application/x-protobuf' });
    const answer = await send(adapter.url, { headers, body: '\u0001' });
    expect(answer.status).toBe(415);
    expect(nodes.calls).toEqual([]);
  });
});

describe('a model called over REST', () => {
  const nodes = useGraphNodes();

  test('takes feedback, and its metrics name the path', async () => {
    const containers = [{ name: 'm', image: 'localhost:5000/iris:0.1' }];
    const more = { componentSpecs: [{ spec: { containers } }] };
    const engine = await nodes.engine({ name: 'm' }, more);
    const adapter = await openAdapter({ PREDICTOR_URL: '', ENGINE_PREDICTOR: engine });
    const body = feedback;
    const answer = await send(`${adapter.url}/api/v1.0/feedback`, { headers: json, body });
    expect([answer.status, nodes.calls]).toEqual([200, ['m/send-feedback']]);
    expect(answer.headers['seldon-puid']).toMatch(/./);
    const { text } = await get(`${adapter.url}/metrics`);
    const labels = 'model_name="m",model_image="localhost:5000/iris",model_version="0.1"';
    expect(text).toContain(`service="/send-feedback",method="post",code="200",${labels}} 1`);
    expect(text).toMatch(new RegExp(`model_feedback_total\\{.*${labels}.*\\} 1`));
  });
});
