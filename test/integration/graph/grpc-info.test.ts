/** Status and metadata by a protocol's own HTTP paths, of predictors that are called over gRPC. */

import { Buffer } from 'node:buffer';
import { status } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { bytesField, firstField, textField } from '../../../src/inference/protobuf.ts';
import { tensorflowInfoProto } from '../../../src/inference/tensorflow/info-proto.ts';
import { tensorflowProto } from '../../../src/inference/tensorflow/proto.ts';
import { tensorProto } from '../../../src/inference/tensorflow/tensor-proto.ts';
import { v2Proto } from '../../../src/inference/v2/proto.ts';
import { get, openAdapter } from '../../support/adapter.ts';
import type { GraphSpec } from '../../support/graph-nodes.ts';
import { useGrpcGraphNodes } from '../../support/grpc-graph-nodes.ts';
import { encodeSeldon } from '../../support/seldon-protobuf.ts';

const nodes = useGrpcGraphNodes();
const alone: GraphSpec = { name: 'm' };
const chain: GraphSpec = { name: 't', type: 'TRANSFORMER', children: [{ name: 'm' }] };
const empty = Buffer.alloc(0);

const root = new protobuf.Root();
for (const name of ['any', 'wrappers']) {
  root.addJSON(protobuf.common.get(`google/protobuf/${name}.proto`)?.nested ?? {});
}
for (const source of [tensorProto, tensorflowProto, tensorflowInfoProto, v2Proto]) {
  protobuf.parse(source, root, { keepCase: true });
}
const encode = (name: string, message: object): Buffer => {
  const type = root.lookupType(name);
  return Buffer.from(type.encode(type.fromObject(message)).finish());
};

async function open(graph: GraphSpec, settings = {}) {
  const ENGINE_PREDICTOR = await nodes.engine(graph);
  // The name is the node's, and not what the other tests call their model.
  const given = { PREDICTOR_URL: '', MODEL_NAME: '', ENGINE_PREDICTOR, PREDICTOR_ID: 'main' };
  const adapter = await openAdapter({ ...given, ...settings });
  return async (path: string) => {
    const { status: code, headers, text } = await get(adapter.url + path);
    return { code, type: headers['content-type'], json: JSON.parse(text), text };
  };
}

describe('the seldon protocol', () => {
  const described = (name: string): Buffer =>
    encodeSeldon(
      {
        name,
        versions: ['1'],
        inputs: [{ name: `${name} in`, datatype: 'FP32', shape: [-1, 4] }],
        outputs: [{ messagetype: 'tensor', schema: { structValue: { fields: {} } } }],
      },
      'SeldonModelMetadata',
    );
  const inJson = (name: string) => ({
    name,
    versions: ['1'],
    platform: '',
    inputs: [{ name: `${name} in`, datatype: 'FP32', shape: [-1, 4] }],
    outputs: [{ messagetype: 'tensor', schema: {} }],
  });

  test.each<[string, GraphSpec]>([
    ['a single model', alone],
    ['a graph', chain],
  ])('metadata of a node of %s is its own, as JSON', async (_, graph) => {
    const ask = await open(graph);
    for (const name of ['t', 'm']) nodes.answer[name] = () => described(name);
    for (const path of ['/api/v1.0/metadata/m', '/api/v0.1/metadata/m']) {
      const answer = await ask(path);
      expect([answer.code, answer.type]).toEqual([200, 'application/json']);
      expect(answer.json).toEqual(inJson('m'));
    }
    expect(nodes.calls).toEqual(['m/Model/Metadata', 'm/Model/Metadata']);
    const unknown = await ask('/api/v1.0/metadata/x');
    expect([unknown.code, unknown.json.status.reason]).toEqual([404, 'ROUTE_UNKNOWN']);
  });

  test.each<[string, GraphSpec, string[]]>([
    ['a single model', alone, ['m']],
    ['a graph', chain, ['t', 'm']],
  ])("metadata of %s is made of its nodes'", async (_, graph, all) => {
    const ask = await open(graph);
    for (const name of all) nodes.answer[name] = () => described(name);
    const answer = await ask('/api/v1.0/metadata');
    expect(answer.json).toEqual({
      name: 'main',
      models: Object.fromEntries(all.map((name) => [name, inJson(name)])),
      graphinputs: inJson(all[0] ?? '').inputs,
      graphoutputs: inJson('m').outputs,
    });
  });

  test('status is the health that servers tell', async () => {
    const ask = await open(chain);
    const healthy = Buffer.from([0x08, 1]);
    for (const name of ['t', 'm']) nodes.answer[name] = () => healthy;
    const paths = ['/api/v1.0/status/m', '/api/v1.0/status', '/api/v1.0/health/status'];
    for (const path of paths) {
      const answer = await ask(path);
      expect([answer.code, answer.json]).toEqual([200, { status: 'SERVING' }]);
    }
    nodes.answer['m'] = () => Buffer.from([0x08, 2]);
    for (const path of paths) {
      const answer = await ask(path);
      expect([answer.code, answer.json]).toEqual([503, { status: 'NOT_SERVING' }]);
    }
  });

  test.each<[string, GraphSpec]>([
    ['a single model', alone],
    ['a graph', chain],
  ])('a question that a node of %s does not implement is told so', async (_, graph) => {
    const ask = await open(graph);
    for (const name of ['t', 'm']) {
      nodes.answer[name] = () => ({ code: status.UNIMPLEMENTED, details: 'has\nnone' });
    }
    for (const [path, method] of [
      ['/api/v1.0/status/m', '/grpc.health.v1.Health/Check'],
      ['/api/v1.0/status', '/grpc.health.v1.Health/Check'],
      ['/api/v1.0/metadata/m', '/seldon.protos.Model/Metadata'],
      ['/api/v1.0/metadata', '/seldon.protos.Model/Metadata'],
    ] as const) {
      const { code, json } = await ask(path);
      expect([code, json.status.code, json.status.status]).toEqual([501, 501, 'FAILURE']);
      expect(json.status.info).toContain(`does not implement ${method}`);
      expect(json.status.info).toContain('it says: has none');
    }
  });

  test('what is no message, refused or not reached is told as that', async () => {
    const ask = await open(alone);
    nodes.answer['m'] = () => Buffer.from('nonsense');
    const odd = await ask('/api/v1.0/metadata/m');
    expect([odd.code, odd.json.status.reason]).toEqual([502, 'PREDICTOR_ANSWER_UNUSABLE']);
    nodes.answer['m'] = () => ({ code: status.PERMISSION_DENIED, details: 'not you' });
    const refused = await ask('/api/v1.0/metadata/m');
    expect([refused.code, refused.json.status.info]).toEqual([
      403,
      expect.stringContaining('PERMISSION_DENIED'),
    ]);
    nodes.stop('m');
    const away = await ask('/api/v1.0/metadata/m');
    expect([away.code, away.json.status.reason]).toEqual([502, 'PREDICTOR_UNREACHABLE']);
  });

  test('a whole service is asked by its own method', async () => {
    await nodes.engine({ name: 'svc' });
    nodes.answer['svc'] = () => described('svc');
    const adapter = await openAdapter({
      PREDICTOR_URL: `grpc://127.0.0.1:${nodes.port('svc')}`,
      SELDON_GRPC_SERVICE: 'seldon',
      MODEL_NAME: 'svc',
    });
    const answer = await get(`${adapter.url}/api/v1.0/metadata/svc`);
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, inJson('svc')]);
    expect(nodes.calls).toEqual(['svc/Seldon/ModelMetadata']);
    expect(textField(nodes.requests[0]?.message ?? empty, 1)).toBe('svc');
    const { text } = await get(`${adapter.url}/metrics`);
    expect(text).toMatch(
      /client_requests_seconds_count\{[^}]*service="\/seldon\.protos\.Seldon\/ModelMetadata"[^}]*\} 1/,
    );
  });
});

describe.each<[string, GraphSpec]>([
  ['a single model', alone],
  ['a graph', chain],
])('the v2 protocol, of %s', (_, graph) => {
  test('model and server are described as over REST', async () => {
    const ask = await open(graph, { SELDON_PROTOCOL: 'v2' });
    nodes.answer['m'] = () =>
      encode('inference.ModelMetadataResponse', {
        name: 'm',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
      });
    const described = {
      name: 'm',
      versions: [],
      platform: '',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
      outputs: [],
    };
    for (const path of ['/v2/models/m', '/v2/models/m/versions/a%20b']) {
      const answer = await ask(path);
      expect([answer.code, answer.type, answer.json]).toEqual([200, 'application/json', described]);
    }
    const asked = nodes.requests.map(({ message }) => [
      textField(message, 1),
      textField(message, 2),
    ]);
    expect(asked).toEqual([
      ['m', ''],
      ['m', 'a b'],
    ]);
    const server = { name: 's', version: '2', extensions: ['e'] };
    for (const name of ['t', 'm']) {
      nodes.answer[name] = () => encode('inference.ServerMetadataResponse', server);
    }
    expect((await ask('/v2')).json).toEqual(server);
  });

  test('readiness is the status, and the model says it', async () => {
    const ask = await open(graph, { SELDON_PROTOCOL: 'v2' });
    nodes.answer['m'] = () => Buffer.from([0x08, 1]);
    const ready = await ask('/v2/models/m/ready');
    expect([ready.code, ready.json]).toEqual([200, { name: 'm', ready: true }]);
    nodes.answer['m'] = () => empty;
    const not = await ask('/v2/models/m/ready');
    expect([not.code, not.json]).toEqual([503, { name: 'm', ready: false }]);
    nodes.answer['m'] = () => ({ code: status.NOT_FOUND, details: 'no such model' });
    const unknown = await ask('/v2/models/m/ready');
    expect([unknown.code, unknown.json.error]).toEqual([
      404,
      expect.stringContaining('no such model'),
    ]);
    nodes.answer['m'] = () => ({ code: status.UNIMPLEMENTED, details: '' });
    expect((await ask('/v2/models/m/ready')).code).toBe(501);
  });
});

describe.each<[string, GraphSpec]>([
  ['a single model', alone],
  ['a graph', chain],
])('the tensorflow protocol, of %s', (_, graph) => {
  const spec = (message: Buffer): Uint8Array => firstField(message, 1) as Uint8Array;

  test('status is that of its versions, as over REST', async () => {
    const ask = await open(graph, { SELDON_PROTOCOL: 'tensorflow' });
    nodes.answer['m'] = () =>
      encode('tensorflow.serving.GetModelStatusResponse', {
        model_version_status: [{ version: 3, state: 'AVAILABLE', status: {} }],
      });
    for (const path of ['', '/versions/3', '/labels/stable']) {
      const answer = await ask(`/v1/models/m${path}`);
      expect([answer.code, answer.json]).toEqual([
        200,
        {
          model_version_status: [
            {
              version: '3',
              state: 'AVAILABLE',
              status: { error_code: 'OK', error_message: '' },
            },
          ],
        },
      ]);
    }
    expect(nodes.requests.map(({ message }) => Buffer.from(spec(message)))).toEqual([
      encode('tensorflow.serving.ModelSpec', { name: 'm' }),
      encode('tensorflow.serving.ModelSpec', { name: 'm', version: { value: 3 } }),
      encode('tensorflow.serving.ModelSpec', { name: 'm', version_label: 'stable' }),
    ]);
    const odd = await ask('/v1/models/m/versions/latest');
    expect([odd.code, odd.json.error]).toEqual([400, expect.stringContaining('no number')]);
  });

  test('metadata are its signatures, as over REST', async () => {
    const ask = await open(graph, { SELDON_PROTOCOL: 'tensorflow' });
    const tensor = { name: 'x:0', dtype: 'DT_FLOAT', tensor_shape: { dim: [{ size: -1 }] } };
    const signature = { inputs: { x: tensor }, method_name: 'tensorflow/serving/predict' };
    const value = encode('tensorflow.serving.SignatureDefMap', {
      signature_def: { serving_default: signature },
    });
    const any = (type: string) => ({ type_url: `type.googleapis.com/${type}`, value });
    const answered = (metadata: object): Buffer =>
      encode('tensorflow.serving.GetModelMetadataResponse', {
        model_spec: { name: 'm', version: { value: 3 } },
        metadata,
      });
    nodes.answer['m'] = () =>
      answered({ signature_def: any('tensorflow.serving.SignatureDefMap') });
    const answer = await ask('/v1/models/m/metadata');
    expect([answer.code, answer.json]).toEqual([
      200,
      {
        model_spec: { name: 'm', version: '3', signature_name: '' },
        metadata: {
          signature_def: {
            signature_def: {
              serving_default: {
                inputs: {
                  x: {
                    name: 'x:0',
                    dtype: 'DT_FLOAT',
                    tensor_shape: { dim: [{ size: '-1', name: '' }], unknown_rank: false },
                  },
                },
                outputs: {},
                method_name: 'tensorflow/serving/predict',
              },
            },
          },
        },
      },
    ]);
    expect(Buffer.from(nodes.requests[0]?.message ?? empty)).toEqual(
      Buffer.concat([bytesField(1, bytesField(1, 'm')), bytesField(2, 'signature_def')]),
    );
    // What nobody here knows is told as the bytes that it is.
    nodes.answer['m'] = () => answered({ other: any('someone.Elses') });
    const other = await ask('/v1/models/m/metadata');
    expect([other.code, other.json.metadata.other.value]).toEqual([200, value.toString('base64')]);
    nodes.answer['m'] = () => ({ code: status.UNIMPLEMENTED, details: '' });
    expect((await ask('/v1/models/m/metadata')).code).toBe(501);
  });
});
