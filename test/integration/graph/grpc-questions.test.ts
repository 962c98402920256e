/** Questions over gRPC about models and graphs that are called over gRPC. */

import { Buffer } from 'node:buffer';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { bytesField } from '../../../src/inference/protobuf.ts';
import { openAdapter } from '../../support/adapter.ts';
import type { GraphSpec } from '../../support/graph-nodes.ts';
import { openGrpcClient } from '../../support/grpc-client.ts';
import { useGrpcGraphNodes } from '../../support/grpc-graph-nodes.ts';
import { decodeSeldon, encodeSeldon } from '../../support/seldon-protobuf.ts';

const nodes = useGrpcGraphNodes();
const chain: GraphSpec = { name: 't', type: 'TRANSFORMER', children: [{ name: 'm' }] };
const named = (name: string): Buffer => Buffer.from(bytesField(1, name));
const metadataOf = (name: string): Buffer =>
  encodeSeldon(
    { name, versions: ['1'], inputs: [{ name: `${name} in` }], outputs: [{ name: `${name} out` }] },
    'SeldonModelMetadata',
  );

async function open(graph: GraphSpec, settings = {}) {
  const ENGINE_PREDICTOR = await nodes.engine(graph);
  const given = { PREDICTOR_URL: '', ENGINE_PREDICTOR, PREDICTOR_ID: 'main', GRPC_PORT: '0' };
  const { grpcPort } = await openAdapter({ ...given, ...settings });
  for (const name of ['t', 'm']) nodes.answer[name] = () => metadataOf(name);
  return openGrpcClient(grpcPort);
}

describe('seldon.protos.Seldon', () => {
  test('ModelMetadata is answered by the node of that name', async () => {
    const call = await open(chain);
    const answer = await call('/seldon.protos.Seldon/ModelMetadata', named('m'));
    expect([answer.status, answer.message]).toEqual(['OK', metadataOf('m')]);
    expect(nodes.calls).toEqual(['m/Model/Metadata']);
    const unknown = await call('/seldon.protos.Seldon/ModelMetadata', named('x'));
    expect([unknown.status, unknown.details]).toEqual([
      'NOT_FOUND',
      'the graph has no node "x" to ask; it has "t", "m"',
    ]);
  });

  test('ModelMetadata of a single model is answered by it', async () => {
    const call = await open({ name: 'm' });
    const answer = await call('/seldon.protos.Seldon/ModelMetadata', named('m'));
    expect([answer.status, answer.message]).toEqual(['OK', metadataOf('m')]);
  });

  test.each<[string, GraphSpec, string[], string, string]>([
    ['a chain', chain, ['t', 'm'], 't in', 'm out'],
    ['a single model', { name: 'm' }, ['m'], 'm in', 'm out'],
  ])('GraphMetadata of %s is made of that of its nodes', async (_, graph, all, first, last) => {
    const call = await open(graph);
    const answer = await call('/seldon.protos.Seldon/GraphMetadata', Buffer.alloc(0));
    expect(answer.status).toBe('OK');
    expect(decodeSeldon(answer.message, 'SeldonGraphMetadata')).toEqual({
      name: 'main',
      models: Object.fromEntries(
        all.map((name) => [name, decodeSeldon(metadataOf(name), 'SeldonModelMetadata')]),
      ),
      inputs: [{ name: first }],
      outputs: [{ name: last }],
    });
    expect(nodes.calls.slice().sort()).toEqual(all.map((name) => `${name}/Model/Metadata`).sort());
  });

  test('GraphMetadata that a node refuses, or answers with no message, is told so', async () => {
    const call = await open(chain);
    nodes.answer['m'] = () => ({ code: status.UNIMPLEMENTED, details: 'has none' });
    const refused = await call('/seldon.protos.Seldon/GraphMetadata', Buffer.alloc(0));
    expect([refused.status, refused.details]).toEqual(['UNIMPLEMENTED', 'has none']);
    nodes.answer['m'] = () => Buffer.from('nonsense');
    const odd = await call('/seldon.protos.Seldon/GraphMetadata', Buffer.alloc(0));
    expect([odd.status, odd.details]).toEqual([
      'INTERNAL',
      expect.stringContaining('no SeldonModelMetadata'),
    ]);
  });
});

describe('the other protocols', () => {
  const service = '/inference.GRPCInferenceService';
  const ready = '/inference.GRPCInferenceService/ModelReady';

  test('v2: the node of the name is asked, without a name the first', async () => {
    const call = await open(chain, { SELDON_PROTOCOL: 'v2' });
    for (const name of ['t', 'm']) nodes.answer[name] = ({ path }) => named(name + path);
    for (const [path, question, asked] of [
      [ready, named('m'), 'm'],
      [`${service}/ModelMetadata`, named('m'), 'm'],
      [`${service}/ModelMetadata`, Buffer.alloc(0), 't'],
      [`${service}/ServerMetadata`, Buffer.alloc(0), 't'],
    ] as const) {
      const answer = await call(path, question);
      expect([answer.status, answer.message]).toEqual(['OK', named(asked + path)]);
    }
    expect((await call(ready, named('x'))).status).toBe('NOT_FOUND');
  });

  test('tensorflow: the node of the name is asked; what predicts otherwise is not of a graph', async () => {
    const call = await open(chain, { SELDON_PROTOCOL: 'tensorflow' });
    nodes.answer['m'] = ({ path }) => named(path);
    const question = Buffer.from(bytesField(1, named('m')));
    for (const path of [
      '/tensorflow.serving.PredictionService/GetModelMetadata',
      '/tensorflow.serving.ModelService/GetModelStatus',
    ]) {
      expect((await call(path, question)).message).toEqual(named(path));
    }
    const classify = await call('/tensorflow.serving.PredictionService/Classify', question);
    expect([classify.status, classify.details]).toEqual([
      'UNIMPLEMENTED',
      expect.stringContaining('call /tensorflow.serving.PredictionService/Predict'),
    ]);
  });
});
