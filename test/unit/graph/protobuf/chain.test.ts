import { Buffer } from 'node:buffer';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { tensorflowRequestTo, v2RequestTo } from '../../../../src/graph/protobuf/chain.ts';
import { tensorflowProto } from '../../../../src/inference/tensorflow/proto.ts';
import { tensorProto } from '../../../../src/inference/tensorflow/tensor-proto.ts';
import { v2Proto } from '../../../../src/inference/v2/proto.ts';
import { endpoint, parsed } from '../graph-case.ts';

const root = new protobuf.Root();
root.addJSON(protobuf.common.get('google/protobuf/wrappers.proto')?.nested ?? {});
for (const source of [tensorProto, tensorflowProto, v2Proto]) {
  protobuf.parse(source, root, { keepCase: true });
}

const encode = (name: string, message: object): Buffer => {
  const type = root.lookupType(name);
  return Buffer.from(type.encode(type.fromObject(message)).finish());
};
const decode = (name: string, { body }: { readonly body: Uint8Array }) => {
  const type = root.lookupType(name);
  return type.toObject(type.decode(body), { longs: Number, enums: String });
};
const message = (body: Uint8Array) => ({ body, contentType: 'a/b', contentEncoding: undefined });
const { root: to } = parsed({ name: 'next' });
const { root: from } = parsed({ name: 'before', endpoint });

describe('v2', () => {
  const tensor = {
    name: 't',
    datatype: 'FP64',
    shape: [1, 2],
    parameters: { p: { bool_param: true } },
    contents: { fp64_contents: [1, 2] },
  };
  const parameters = { q: { string_param: 'x' } };

  test("an answer's outputs are the next request's inputs, raw ones too", () => {
    const answer = encode('inference.ModelInferResponse', {
      model_name: 'before',
      model_version: '3',
      id: 'i',
      parameters,
      outputs: [tensor, { ...tensor, name: 'u' }],
      raw_output_contents: [Buffer.from([1, 2]), Buffer.alloc(0)],
    });
    const request = v2RequestTo(to, message(answer), from);
    expect(request.contentType).toBe('a/b');
    expect(decode('inference.ModelInferRequest', request)).toEqual({
      model_name: 'next',
      id: 'i',
      parameters,
      inputs: [tensor, { ...tensor, name: 'u' }],
      raw_input_contents: [Buffer.from([1, 2]), Buffer.alloc(0)],
    });
  });

  test("the caller's own names the node, and keeps all else", () => {
    const own = { model_name: 'graph', model_version: '1', id: 'i', inputs: [tensor], parameters };
    const bytes = encode('inference.ModelInferRequest', own);
    const request = v2RequestTo(to, message(bytes), undefined);
    expect(decode('inference.ModelInferRequest', request)).toEqual({ ...own, model_name: 'next' });
  });
});

describe('tensorflow', () => {
  const tensor = { dtype: 'DT_FLOAT', float_val: [1, 2], tensor_shape: { dim: [{ size: 2 }] } };

  test("an answer's outputs are the next request's inputs", () => {
    const answer = encode('tensorflow.serving.PredictResponse', {
      outputs: { x: tensor, y: tensor },
      model_spec: { name: 'before', signature_name: 's' },
    });
    const request = tensorflowRequestTo(to, message(answer), from);
    expect(decode('tensorflow.serving.PredictRequest', request)).toMatchObject({
      model_spec: { name: 'next' },
      inputs: { x: tensor, y: tensor },
    });
    expect(decode('tensorflow.serving.PredictRequest', request)['model_spec']).toEqual({
      name: 'next',
    });
  });

  test("the caller's own names the node, and keeps all else", () => {
    const own = {
      model_spec: { name: 'graph', signature_name: 's' },
      inputs: { x: tensor },
      output_filter: ['y'],
    };
    const bytes = encode('tensorflow.serving.PredictRequest', own);
    const request = tensorflowRequestTo(to, message(bytes), undefined);
    expect(decode('tensorflow.serving.PredictRequest', request)).toMatchObject({
      ...own,
      model_spec: { name: 'next', signature_name: 's' },
    });
  });
});

describe.each([
  ['v2', v2RequestTo],
  ['tensorflow', tensorflowRequestTo],
])('%s', (_, requestTo) => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['what is no message', Buffer.from('nonsense')],
    ['no outputs', Buffer.from([0x1a, 0x01, 0x69])],
  ])('an answer of %s cannot be handed on, and its node is named', (_what, bytes) => {
    expect(() => requestTo(to, message(bytes), from)).toThrow(
      /the answer of node "before" \(localhost:9000\) has no outputs/,
    );
  });

  test("what is no message is the caller's own, and goes to the node to judge", () => {
    const odd = message(Buffer.from('nonsense'));
    expect(requestTo(to, odd, undefined)).toBe(odd);
  });
});
