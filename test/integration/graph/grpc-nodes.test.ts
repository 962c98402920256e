/** Graphs whose nodes are called over gRPC: the same walk as over REST, of protobufs. */

import { Buffer } from 'node:buffer';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { bytesField } from '../../../src/inference/protobuf.ts';
import { ceHeaders, eventually, get, openAdapter, send } from '../../support/adapter.ts';
import type { GraphSpec } from '../../support/graph-nodes.ts';
import { openGrpcClient } from '../../support/grpc-client.ts';
import { useGrpcGraphNodes } from '../../support/grpc-graph-nodes.ts';
import { decodeSeldon, encodeSeldon, rowOf } from '../../support/seldon-protobuf.ts';

const nodes = useGrpcGraphNodes();
const predictPath = '/seldon.protos.Seldon/Predict';
const tag = (text: string) => ({ stringValue: text });

async function open(graph: GraphSpec, settings = {}, more = {}) {
  const ENGINE_PREDICTOR = await nodes.engine(graph, more);
  const adapter = await openAdapter({
    PREDICTOR_URL: '',
    ENGINE_PREDICTOR,
    GRPC_PORT: '0',
    ...settings,
  });
  const call = openGrpcClient(adapter.grpcPort);
  const predict = async (message: object, options = {}) => {
    const answer = await call(predictPath, encodeSeldon(message), options);
    return { ...answer, decoded: () => decodeSeldon(answer.message) };
  };
  return { adapter, call, predict };
}

const everyType: GraphSpec = {
  name: 'out',
  type: 'OUTPUT_TRANSFORMER',
  children: [
    {
      name: 't',
      type: 'TRANSFORMER',
      children: [
        {
          name: 'r',
          type: 'ROUTER',
          children: [
            { name: 'a' },
            { name: 'c', type: 'COMBINER', children: [{ name: 'b1' }, { name: 'b2' }] },
          ],
        },
      ],
    },
  ],
};

describe('a graph over gRPC', () => {
  test('calls every type of node at its own service, and tells its way in meta', async () => {
    const containers = [{ name: 't', image: 'transformer:1' }];
    const { predict } = await open(everyType, {}, { componentSpecs: [{ spec: { containers } }] });
    nodes.answer['r'] = () => encodeSeldon({ ...rowOf(1), meta: { tags: { by: tag('r') } } });
    nodes.answer['b1'] = () =>
      encodeSeldon({
        strData: 'one',
        meta: { tags: { x: tag('b1') }, metrics: [{ key: 'm', value: 0.5 }] },
      });
    nodes.answer['b2'] = () => encodeSeldon({ strData: 'two', meta: { tags: { x: tag('b2') } } });
    const metadata = {
      'seldon-puid': 'p-1',
      traceparent: `00-${'4'.repeat(32)}-${'2'.repeat(16)}-01`,
    };
    const answer = await predict(
      { ...rowOf(5.1), meta: { tags: { mine: tag('1') } } },
      { metadata },
    );
    expect(nodes.calls.slice().sort()).toEqual([
      'b1/Model/Predict',
      'b2/Model/Predict',
      'c/Combiner/Aggregate',
      'out/OutputTransformer/TransformOutput',
      'r/Router/Route',
      't/Transformer/TransformInput',
    ]);
    for (const request of nodes.requests) {
      for (const [name, value] of Object.entries(metadata)) {
        expect(request.metadata.get(name)).toEqual([value]);
      }
    }
    const combined = nodes.requests.find(({ node }) => node === 'c');
    const list = decodeSeldon(combined?.message, 'SeldonMessageList');
    expect(list['seldonMessages'].map(({ strData }: { strData: string }) => strData)).toEqual([
      'one',
      'two',
    ]);
    expect(answer.status).toBe('OK');
    expect(answer.metadata.get('seldon-puid')).toEqual(['p-1']);
    expect(answer.decoded()).toEqual({
      strData: 'one',
      meta: {
        puid: 'p-1',
        tags: { mine: tag('1'), x: tag('b1') },
        routing: { out: -1, t: -1, r: 1, c: -1 },
        requestPath: { out: '', t: 'transformer:1', r: '', c: '', b1: '', b2: '' },
        metrics: [{ key: 'm', value: 0.5 }],
      },
    });
  });

  test('hands bytes on as they came: also what no layout names', async () => {
    const graph = { name: 't', type: 'TRANSFORMER', children: [{ name: 'm' }] };
    const { call } = await open(graph);
    // Field 200 of SeldonMessage, and a field 77 of its meta.
    const odd = Buffer.from([0xc2, 0x0c, 0x03, 0xff, 0x00, 0xfe]);
    const metaOdd = Buffer.from([0x12, 0x04, 0xea, 0x04, 0x01, 0xff]);
    const message = Buffer.concat([encodeSeldon({ strData: 'x' }), metaOdd, odd]);
    const answer = await call(predictPath, message);
    expect(nodes.requests.map((request) => request.message)).toEqual([message, message]);
    const bytes = answer.message ?? Buffer.alloc(0);
    expect(bytes.includes(odd)).toBe(true);
    expect(bytes.includes(Buffer.from([0xea, 0x04, 0x01, 0xff]))).toBe(true);
    expect(decodeSeldon(bytes)).toMatchObject({ strData: 'x', meta: { routing: { t: -1 } } });
  });

  test.each([
    [-1, ['a/Model/Predict', 'b/Model/Predict', 'r/Router/Route']],
    [-2, ['r/Router/Route']],
    [1, ['b/Model/Predict', 'r/Router/Route']],
  ])('routes by %i as over REST', async (index, calls) => {
    const { predict } = await open({
      name: 'r',
      type: 'ROUTER',
      children: [{ name: 'a' }, { name: 'b' }],
    });
    for (const data of [rowOf(index), { data: { tensor: { shape: [1], values: [index] } } }]) {
      nodes.calls.length = 0;
      nodes.answer['r'] = () => encodeSeldon(data);
      const answer = await predict({ strData: 'same' });
      expect(answer.decoded()).toMatchObject({ strData: 'same', meta: { routing: { r: index } } });
      expect(nodes.calls.slice().sort()).toEqual(calls);
    }
  });

  test.each<[string, Buffer, string, RegExp]>([
    ['out of range', encodeSeldon(rowOf(2)), 'FAILED_PRECONDITION', /routed to child 2, but has 2/],
    ['half a number', encodeSeldon(rowOf(0.5)), 'INTERNAL', /holds no whole number/],
    ['no message', Buffer.from('nonsense'), 'INTERNAL', /holds no whole number/],
    ['nothing', Buffer.alloc(0), 'INTERNAL', /holds no whole number/],
  ])('a router that answers %s is an error that names it', async (_, routed, code, words) => {
    const { predict } = await open({
      name: 'r',
      type: 'ROUTER',
      children: [{ name: 'a' }, { name: 'b' }],
    });
    nodes.answer['r'] = () => routed;
    const answer = await predict({ strData: 'x' });
    expect([answer.status, answer.details]).toEqual([code, expect.stringMatching(words)]);
    expect(answer.details).toContain(`node "r" (127.0.0.1:${nodes.port('r')})`);
    expect(nodes.calls).toEqual(['r/Router/Route']);
  });

  test('has the built-in units: an average of tensors, and the model of fixed answers', async () => {
    const graph = {
      name: 'avg',
      implementation: 'AVERAGE_COMBINER',
      children: [{ name: 'a' }, { name: 'b' }],
    };
    const { predict } = await open(graph);
    const tensor = (...values: number[]) =>
      encodeSeldon({ data: { names: ['x', 'y'], tensor: { shape: [1, 2], values } } });
    nodes.answer['a'] = () => tensor(1, 2);
    nodes.answer['b'] = () => tensor(2, 4);
    expect((await predict(rowOf(1))).decoded()).toMatchObject({
      data: { names: ['x', 'y'], tensor: { shape: [1, 2], values: [1.5, 3] } },
      meta: { routing: { avg: -1 } },
    });
    nodes.answer['b'] = () => Buffer.from('nonsense');
    const odd = await predict(rowOf(1));
    expect([odd.status, odd.details]).toEqual([
      'INTERNAL',
      expect.stringContaining('AVERAGE_COMBINER'),
    ]);
    const simple = await open({
      name: 'ab',
      implementation: 'SIMPLE_ROUTER',
      children: [{ name: 's', implementation: 'SIMPLE_MODEL' }, { name: 'never' }],
    });
    expect((await simple.predict(rowOf(1))).decoded()).toMatchObject({
      data: { tensor: { values: [0.1, 0.9, 0.5] } },
      meta: { routing: { ab: 0 } },
    });
  });
});

describe('a node that fails over gRPC', () => {
  const pair: GraphSpec = { name: 'c', type: 'COMBINER', children: [{ name: 'a' }, { name: 'b' }] };
  const failing = (code: status, details: string) => () => ({ code, details });

  test('is told by the lowest index, with its own status and words', async () => {
    const { adapter, predict } = await open(pair);
    let late = false;
    nodes.answer['a'] = async () => {
      await eventually(() => nodes.calls.includes('b/Model/Predict'));
      late = true;
      return { code: status.NOT_FOUND, details: 'no such thing' };
    };
    nodes.answer['b'] = failing(status.INVALID_ARGUMENT, 'bad');
    const answer = await predict(rowOf(1));
    expect([answer.status, answer.details, late]).toEqual(['NOT_FOUND', 'no such thing', true]);
    expect(answer.trailers.get('seldon-error-class')).toEqual(['deployment']);
    expect(nodes.calls).not.toContain('c/Combiner/Aggregate');
    const line = adapter.log.find(({ message }) => message.startsWith('the call was answered'));
    expect(line?.fields['reason']).toContain(`node "a" (127.0.0.1:${nodes.port('a')}) at`);
  });

  test('at every place is told, over HTTP too', async () => {
    const { adapter } = await open(everyType);
    const headers = {
      'content-type': 'application/x-protobuf',
      'proto-name': 'seldon.protos.SeldonMessage',
    };
    for (const name of ['t', 'r', 'b1', 'b2', 'c', 'out']) {
      nodes.answer['r'] = () => encodeSeldon(rowOf(1));
      nodes.answer[name] = failing(status.OUT_OF_RANGE, 'beyond');
      const plain = await send(`${adapter.url}/api/v1.0/predictions`, {
        headers,
        body: encodeSeldon(rowOf(1)),
      });
      expect([name, plain.status]).toEqual([name, 400]);
      expect(plain.text).toContain(`node \\"${name}\\"`);
      const event = await send(adapter.url, {
        headers: ceHeaders(headers),
        body: encodeSeldon(rowOf(1)),
      });
      expect([event.status, event.headers['kne-seldonerrorclass']]).toEqual([400, 'record']);
      delete nodes.answer[name];
    }
  });

  test('that was turned away is tried again; what arrived is not', async () => {
    const { predict } = await open({ name: 't', type: 'TRANSFORMER', children: [{ name: 'm' }] });
    let times = 0;
    nodes.answer['m'] = ({ message }) => {
      times += 1;
      return times === 1 ? { code: status.UNAVAILABLE, details: 'full' } : message;
    };
    expect((await predict(rowOf(1))).status).toBe('OK');
    expect(times).toBe(2);
    nodes.answer['m'] = () => {
      times += 1;
      return { code: status.INTERNAL, details: 'broken' };
    };
    times = 0;
    expect((await predict(rowOf(1))).status).toBe('INTERNAL');
    expect(times).toBe(1);
  });

  test('opens its own breaker, and the graph is not ready without it', async () => {
    const { adapter, predict } = await open(
      { name: 't', type: 'TRANSFORMER', children: [{ name: 'gone' }] },
      { CALL_RETRIES: '0' },
    );
    await eventually(async () => (await get(`${adapter.url}/readyz`)).status === 200);
    const at = `127.0.0.1:${nodes.port('gone')}`;
    nodes.stop('gone');
    await eventually(async () => (await get(`${adapter.url}/readyz`)).status === 503);
    expect((await get(`${adapter.url}/readyz?verbose`)).text).toContain('gone');
    const first = await predict(rowOf(1));
    expect([first.status, first.details]).toEqual(['UNAVAILABLE', expect.stringContaining(at)]);
    expect(first.details).toContain("check the node's endpoint in ENGINE_PREDICTOR");
    await eventually(async () =>
      (await predict(rowOf(1))).details.includes('is not called for now'),
    );
  });
});

describe('what comes to a graph over gRPC', () => {
  const graph: GraphSpec = { name: 't', type: 'TRANSFORMER', children: [{ name: 'm' }] };
  const headers = {
    'content-type': 'application/x-protobuf',
    'proto-name': 'seldon.protos.SeldonMessage',
  };

  test('by HTTP is answered as by a model over gRPC', async () => {
    const { adapter } = await open(graph);
    const body = encodeSeldon(rowOf(1));
    const plain = await send(`${adapter.url}/api/v1.0/predictions`, { headers, body });
    expect(plain.status).toBe(200);
    expect(plain.headers).toMatchObject(headers);
    expect(decodeSeldon(plain.body)).toMatchObject({ ...rowOf(1), meta: { routing: { t: -1 } } });
    const event = await send(adapter.url, { headers: ceHeaders(headers), body });
    expect(event.headers).toMatchObject({
      'ce-type': 'seldon.iris.tests.response',
      'ce-protoname': 'seldon.protos.SeldonMessage',
    });
    expect(decodeSeldon(event.body)).toMatchObject({ meta: { routing: { t: -1 } } });
    const json = { 'content-type': 'application/json' };
    expect(
      (await send(`${adapter.url}/api/v1.0/predictions`, { headers: json, body: '{}' })).status,
    ).toBe(415);
    const { text } = await get(`${adapter.url}/metrics`);
    expect(text).toMatch(
      /client_requests_seconds_count\{.*service="\/seldon.protos.Transformer\/TransformInput",.*code="200",model_name="t"/,
    );
  });

  test('as feedback goes to the child that made the answer, and to the router', async () => {
    const { adapter, call } = await open({
      name: 'r',
      type: 'ROUTER',
      children: [{ name: 'a' }, { name: 'b' }],
    });
    nodes.answer['r'] = ({ path }) =>
      path.endsWith('/Route') ? encodeSeldon(rowOf(1)) : encodeSeldon({ strData: 'thanks' });
    const predicted = await call(predictPath, encodeSeldon(rowOf(1)));
    const response = decodeSeldon(predicted.message);
    const told = encodeSeldon({ request: rowOf(1), response, reward: 0.5 }, 'Feedback');
    nodes.calls.length = 0;
    nodes.requests.length = 0;
    const answer = await call('/seldon.protos.Seldon/SendFeedback', told);
    expect(decodeSeldon(answer.message)).toEqual({ strData: 'thanks' });
    expect(nodes.calls).toEqual(['b/Model/SendFeedback', 'r/Model/SendFeedback']);
    expect(nodes.requests.map(({ message }) => message)).toEqual([told, told]);
    const { text } = await get(`${adapter.url}/metrics`);
    expect(text).toMatch(/model_feedback_reward_total\{.*model_name="b".*\} 0\.5/);
    const odd = { response: { meta: { routing: { r: 9 } } } };
    const refused = await call('/seldon.protos.Seldon/SendFeedback', encodeSeldon(odd, 'Feedback'));
    expect([refused.status, refused.details]).toEqual([
      'INVALID_ARGUMENT',
      expect.stringContaining('chose child 9'),
    ]);
  });
});

describe('a chain of the other protocols', () => {
  const chain: GraphSpec = { name: 'first', type: 'TRANSFORMER', children: [{ name: 'second' }] };

  test('v2: each node is asked under its own name, and outputs become inputs', async () => {
    const { call } = await open(chain, { SELDON_PROTOCOL: 'v2' });
    // ModelInferResponse { model_name = 1; outputs = 5 { name = 1 }; raw_output_contents = 6 }
    const answerOf = (node: string) =>
      Buffer.concat([
        bytesField(1, node),
        bytesField(5, bytesField(1, `by ${node}`)),
        bytesField(6, node),
      ]);
    for (const node of ['first', 'second']) nodes.answer[node] = () => answerOf(node);
    const own = Buffer.concat([bytesField(1, 'graph'), bytesField(3, 'id-1'), bytesField(5, 'x')]);
    const answer = await call('/inference.GRPCInferenceService/ModelInfer', own);
    expect([answer.status, answer.message]).toEqual(['OK', answerOf('second')]);
    expect(nodes.requests.map(({ node, message }) => [node, message])).toEqual([
      ['first', Buffer.concat([bytesField(1, 'first'), bytesField(3, 'id-1'), bytesField(5, 'x')])],
      [
        'second',
        Buffer.concat([
          bytesField(1, 'second'),
          bytesField(5, bytesField(1, 'by first')),
          bytesField(7, 'first'),
        ]),
      ],
    ]);
    nodes.answer['first'] = () => bytesField(1, 'first') as Buffer;
    const odd = await call('/inference.GRPCInferenceService/ModelInfer', own);
    expect([odd.status, odd.details]).toEqual([
      'INTERNAL',
      expect.stringContaining('has no outputs'),
    ]);
  });

  test('tensorflow: each node is asked under its own name, and outputs become inputs', async () => {
    const { call } = await open(chain, { SELDON_PROTOCOL: 'tensorflow' });
    const path = '/tensorflow.serving.PredictionService/Predict';
    // PredictRequest { model_spec = 1 { name = 1 }; inputs = 2 }, PredictResponse { outputs = 1 }
    for (const node of ['first', 'second']) {
      nodes.answer[node] = () => Buffer.from(bytesField(1, node));
    }
    const own = Buffer.concat([bytesField(1, bytesField(1, 'graph')), bytesField(2, 'x')]);
    const answer = await call(path, own);
    expect([answer.status, answer.message]).toEqual(['OK', bytesField(1, 'second')]);
    expect(nodes.requests.map(({ message }) => message)).toEqual([
      Buffer.concat([bytesField(1, bytesField(1, 'first')), bytesField(2, 'x')]),
      Buffer.concat([bytesField(1, bytesField(1, 'second')), bytesField(2, 'first')]),
    ]);
  });
});
