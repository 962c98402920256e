/** Payload logging over gRPC: copies are the protobufs' own bytes, and say what they are. */

import { Buffer } from 'node:buffer';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { bytesField } from '../../../src/inference/protobuf.ts';
import { ceHeaders, eventually, get, openAdapter, send } from '../../support/adapter.ts';
import { type Copy, openSink } from '../../support/copy-sink.ts';
import type { GraphSpec } from '../../support/graph-nodes.ts';
import { openGrpcClient } from '../../support/grpc-client.ts';
import { useGrpcGraphNodes } from '../../support/grpc-graph-nodes.ts';
import { encodeSeldon, rowOf } from '../../support/seldon-protobuf.ts';

const nodes = useGrpcGraphNodes();
const predictPath = '/seldon.protos.Seldon/Predict';
const seldonMessage = 'seldon.protos.SeldonMessage';
const input = encodeSeldon(rowOf(5.1, 3.5));

async function openLogged(graph: GraphSpec, settings = {}) {
  const ENGINE_PREDICTOR = await nodes.engine(graph);
  const given = { PREDICTOR_URL: '', ENGINE_PREDICTOR, GRPC_PORT: '0' };
  const adapter = await openAdapter({ ...given, ...settings });
  const call = openGrpcClient(adapter.grpcPort);
  const counted = async (result: string): Promise<number> => {
    const { text } = await get(`${adapter.url}/metrics`);
    const found = new RegExp(`payload_copies_total\\{[^}]*result="${result}"[^}]*\\} (\\d+)`).exec(
      text,
    );
    return Number(found?.[1] ?? 0);
  };
  return { adapter, call, counted };
}

/** Model, kind and message of each copy, in a fixed order. */
const told = (copies: readonly Copy[]): string[] =>
  copies
    .map(({ headers }) => {
      const kind = String(headers['ce-type']).split('.').at(-1);
      return `${headers['ce-modelid']} ${kind} ${headers['ce-protoname']}`;
    })
    .sort();

const ofKind = (copies: readonly Copy[], kind: string): Copy | undefined =>
  copies.find(({ headers }) => String(headers['ce-type']).endsWith(kind));

describe('a model over gRPC that is logged', () => {
  test("sends its request and response as Seldon's events, the bytes as they were", async () => {
    const sink = await openSink();
    const { adapter, call } = await openLogged({
      name: 'm',
      logger: { mode: 'all', url: `${sink.url}/log?x=1` },
    });
    nodes.answer['m'] = () => encodeSeldon({ strData: 'one' });
    const metadata = { 'seldon-puid': 'p1' };
    expect((await call(predictPath, input, { metadata })).status).toBe('OK');
    await eventually(() => sink.copies.length === 2);
    expect(ofKind(sink.copies, 'request')?.headers).toMatchObject({
      'ce-specversion': '1.0',
      'ce-type': 'io.seldon.serving.inference.request',
      'ce-source': 'http://localhost:0/',
      'ce-requestid': 'p1',
      'ce-modelid': 'm',
      'ce-inferenceservicename': 'iris',
      'ce-namespace': 'tests',
      'ce-endpoint': 'default',
      'ce-protocol': 'seldon',
      'ce-protoname': seldonMessage,
      'proto-name': seldonMessage,
      'content-type': 'application/x-protobuf',
    });
    expect(ofKind(sink.copies, 'request')?.path).toBe('/log?x=1');
    expect(ofKind(sink.copies, 'request')?.bytes).toEqual(input);
    expect(ofKind(sink.copies, 'response')?.headers).toMatchObject({
      'ce-type': 'io.seldon.serving.inference.response',
      'ce-protoname': seldonMessage,
      'content-type': 'application/x-protobuf',
    });
    expect(ofKind(sink.copies, 'response')?.bytes).toEqual(encodeSeldon({ strData: 'one' }));
    expect(adapter.log.filter(({ message }) => message.includes('not logged'))).toEqual([]);
  });

  test('is logged whatever its payloads come by, and what they are called by', async () => {
    const sink = await openSink();
    const { adapter } = await openLogged({ name: 'm', logger: { mode: 'request', url: sink.url } });
    const proto = { 'proto-name': seldonMessage };
    const plain = { 'content-type': 'application/octet-stream', ...proto };
    const path = `${adapter.url}/api/v1.0/predictions`;
    expect((await send(path, { headers: plain, body: input })).status).toBe(200);
    const event = { ...ceHeaders(), 'content-type': 'application/grpc+proto', ...proto };
    expect((await send(`${adapter.url}/`, { headers: event, body: input })).status).toBe(200);
    const skipped = { ...plain, 'seldon-skip-logging': 'true' };
    expect((await send(path, { headers: skipped, body: input })).status).toBe(200);
    expect((await send(path, { headers: plain, body: input })).status).toBe(200);
    await eventually(() => sink.copies.length === 3);
    for (const { headers, bytes } of sink.copies) {
      expect(headers['content-type']).toBe('application/x-protobuf');
      expect(bytes).toEqual(input);
    }
  });

  test('sends feedback', async () => {
    const sink = await openSink();
    const { call } = await openLogged({ name: 'm', logger: { mode: 'all', url: sink.url } });
    const feedback = encodeSeldon({ reward: 1 }, 'Feedback');
    nodes.answer['m'] = () => encodeSeldon({ strData: 'thanks' });
    expect((await call('/seldon.protos.Seldon/SendFeedback', feedback)).status).toBe('OK');
    await eventually(() => sink.copies.length === 1);
    expect(sink.copies[0]?.headers).toMatchObject({
      'ce-type': 'io.seldon.serving.feedback',
      'ce-protoname': 'seldon.protos.Feedback',
    });
    expect(sink.copies[0]?.bytes).toEqual(feedback);
  });

  test('sends a request that fails, and no response; questions are no payloads', async () => {
    const sink = await openSink();
    const { call, counted } = await openLogged(
      { name: 'm', logger: { mode: 'all', url: sink.url } },
      { SELDON_PROTOCOL: 'v2' },
    );
    const service = '/inference.GRPCInferenceService';
    const question = Buffer.from(bytesField(1, 'm'));
    expect((await call(`${service}/ModelReady`, question)).status).toBe('OK');
    nodes.answer['m'] = () => ({ code: status.INVALID_ARGUMENT, details: 'bad' });
    expect((await call(`${service}/ModelInfer`, question)).status).toBe('INVALID_ARGUMENT');
    nodes.answer['m'] = () => question;
    expect((await call(`${service}/ModelInfer`, question)).status).toBe('OK');
    await eventually(async () => (await counted('sent')) === 3);
    expect(told(sink.copies)).toEqual([
      'm request inference.ModelInferRequest',
      'm request inference.ModelInferRequest',
      'm response inference.ModelInferResponse',
    ]);
  });

  test('tells the messages of all that predicts in the tensorflow protocol', async () => {
    const sink = await openSink();
    const { call } = await openLogged(
      { name: 'm', logger: { mode: 'all', url: sink.url } },
      { SELDON_PROTOCOL: 'tensorflow' },
    );
    const service = '/tensorflow.serving.PredictionService';
    for (const name of ['Predict', 'Classify', 'GetModelMetadata']) {
      expect((await call(`${service}/${name}`, input)).status).toBe('OK');
    }
    await eventually(() => sink.copies.length === 4);
    expect(told(sink.copies)).toEqual([
      'm request tensorflow.serving.ClassificationRequest',
      'm request tensorflow.serving.PredictRequest',
      'm response tensorflow.serving.ClassificationResponse',
      'm response tensorflow.serving.PredictResponse',
    ]);
  });
});

describe('a graph over gRPC', () => {
  test.each([
    ['all', ['request', 'response']],
    ['request', ['request']],
    ['response', ['response']],
  ])('in mode %s sends the %j of nodes that are logged', async (mode, kinds) => {
    const sink = await openSink();
    const logger = { mode };
    const { call, counted } = await openLogged(
      {
        name: 'c',
        type: 'COMBINER',
        logger,
        children: [{ name: 'a', logger }, { name: 'b' }],
      },
      { REQUEST_LOGGER_DEFAULT_ENDPOINT: sink.url },
    );
    expect((await call(predictPath, input)).status).toBe('OK');
    await eventually(async () => (await counted('sent')) === 2 * kinds.length);
    expect(told(sink.copies)).toEqual(
      ['a', 'c'].flatMap((name) => kinds.map((kind) => `${name} ${kind} ${seldonMessage}`)),
    );
    // A combiner is shown with what came to it: no list of its children's answers.
    for (const { bytes } of sink.copies) expect(bytes).toEqual(input);
  });
});

describe('a sink over gRPC that is', () => {
  test('away costs no prediction anything; what it misses is counted', async () => {
    const logger = { mode: 'all', url: 'http://127.0.0.1:1/' };
    const { call, counted } = await openLogged({ name: 'm', logger });
    for (let i = 0; i < 10; i += 1) expect((await call(predictPath, input)).status).toBe('OK');
    await eventually(async () => (await counted('failed')) === 20);
  });

  test('silent holds up none; beyond what may wait, copies are dropped and counted', async () => {
    const sink = await openSink(() => undefined);
    const logger = { mode: 'request', url: sink.url };
    const { call, counted } = await openLogged(
      { name: 'm', logger },
      { LOGGER_MAX_COPIES: '5', LOGGER_CONCURRENCY: '2', LOGGER_TIMEOUT_MS: '60000' },
    );
    for (let i = 0; i < 20; i += 1) expect((await call(predictPath, input)).status).toBe('OK');
    expect(await counted('dropped')).toBe(15);
    expect(sink.copies.length).toBeLessThanOrEqual(2);
  });
});
