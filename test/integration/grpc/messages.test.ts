/** Messages that mean something: callers and predictors made of the protocols' public layouts. */

import { Buffer } from 'node:buffer';
import {
  Client,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadProtos } from '../../../src/grpc/protos/load.ts';
import { ceHeaders, openAdapter, send } from '../../support/adapter.ts';
import { openGrpcPredictor } from '../../support/grpc-predictor.ts';

type Protocol = 'seldon' | 'tensorflow' | 'v2';

/** A service's method from its layout: how its messages are written and read. */
function methodOf(protocol: Protocol, service: string, name: string) {
  const definition = loadProtos(protocol)[service] as unknown as Record<
    string,
    MethodDefinition<object, object>
  >;
  const method = definition[name];
  if (method === undefined) throw new Error(`${service} has no ${name}`);
  return method;
}

const features = [5.1, 3.5, 1.4, 0.2];
const classes = [0.9, 0.1, 0];

const cases = {
  seldon: {
    service: 'seldon.protos.Seldon',
    at: 'seldon.protos.Model',
    method: 'Predict',
    request: {
      meta: { puid: 'p' },
      data: { names: ['a'], tensor: { shape: [1, 4], values: features } },
    },
    reply: {
      data: { tensor: { shape: [1, 3], values: classes } },
      meta: { tags: { t: { stringValue: 'x' } } },
    },
    proto: 'seldon.protos.SeldonMessage',
  },
  tensorflow: {
    service: 'tensorflow.serving.PredictionService',
    at: 'tensorflow.serving.PredictionService',
    method: 'Predict',
    request: {
      model_spec: { name: 'iris', signature_name: 'serving_default' },
      inputs: {
        x: { dtype: 'DT_FLOAT', tensor_shape: { dim: [{ size: 4 }] }, float_val: [1, 2, 3, 4] },
      },
    },
    reply: { outputs: { y: { dtype: 'DT_DOUBLE', double_val: classes } } },
    proto: 'tensorflow.serving.PredictRequest',
  },
  v2: {
    service: 'inference.GRPCInferenceService',
    at: 'inference.GRPCInferenceService',
    method: 'ModelInfer',
    request: {
      model_name: 'iris',
      id: '1',
      inputs: [
        { name: 'x', datatype: 'FP64', shape: [1, 4], contents: { fp64_contents: features } },
      ],
    },
    reply: {
      model_name: 'iris',
      id: '1',
      outputs: [
        { name: 'y', datatype: 'FP64', shape: [1, 3], contents: { fp64_contents: classes } },
      ],
    },
    proto: 'inference.ModelInferRequest',
  },
} as const;

describe.each(Object.keys(cases) as Protocol[])('%s', (protocol) => {
  const { service, at, method, request, reply, proto } = cases[protocol];
  const atPredictor = methodOf(protocol, at, method);

  const begin = async () => {
    const predictor = await openGrpcPredictor();
    const seen: object[] = [];
    predictor.answer = ({ message }, answer) => {
      seen.push(atPredictor.requestDeserialize(message));
      answer(null, atPredictor.responseSerialize(reply));
    };
    const adapter = await openAdapter({
      SELDON_PROTOCOL: protocol,
      PREDICTOR_URL: predictor.url,
      GRPC_PORT: '0',
    });
    return { adapter, seen };
  };

  test("a client made of the layout is answered by the predictor's message", async () => {
    const { adapter, seen } = await begin();
    let found: GrpcObject | unknown = loadPackageDefinition(loadProtos(protocol));
    for (const part of service.split('.')) found = (found as GrpcObject)[part];
    const Service = found as ServiceClientConstructor;
    const client = new Service(`127.0.0.1:${adapter.grpcPort}`, credentials.createInsecure());
    onTestFinished(() => client.close());
    const answered = await new Promise((resolve, reject) =>
      client[method]?.(request, (error: Error | null, value: object) =>
        error === null ? resolve(value) : reject(error),
      ),
    );
    expect(answered).toMatchObject(reply);
    expect(seen).toMatchObject([request]);
  });

  test('an event with its bytes is answered by the same', async () => {
    const { adapter, seen } = await begin();
    const headers = ceHeaders({ 'content-type': 'application/x-protobuf', 'ce-protoname': proto });
    const body = atPredictor.requestSerialize(request);
    const answer = await send(adapter.url, { headers, body });
    expect(answer.status, answer.text).toBe(200);
    expect(atPredictor.responseDeserialize(answer.body)).toMatchObject(reply);
    expect(seen).toMatchObject([request]);
  });

  test.each(['v1', 'v1alpha'])(
    'reflection %s names the services and describes their messages',
    async (version) => {
      const { adapter } = await begin();
      const client = new Client(`127.0.0.1:${adapter.grpcPort}`, credentials.createInsecure());
      onTestFinished(() => client.close());
      const asItIs = (bytes: Buffer): Buffer => bytes;
      const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
      const ask = (field: number, text: string): Promise<string> =>
        new Promise((resolve, reject) => {
          const stream = client.makeBidiStreamRequest(path, asItIs, asItIs);
          stream.on('error', reject);
          stream.on('data', (data: Buffer) => resolve(data.toString('latin1')));
          stream.end(Buffer.concat([Buffer.from([field * 8 + 2, text.length]), Buffer.from(text)]));
        });
      const list = await ask(7, '*');
      expect(list).toContain(service);
      expect(list).toContain('grpc.health.v1.Health');
      expect(await ask(4, proto)).toContain(proto.split('.').at(-1));
    },
  );
});
