import { describe, expect, test } from 'vitest';
import { grpcBindingOf } from '../../../src/inference/grpc-bindings.ts';
import { bytesField } from '../../../src/inference/protobuf.ts';
import { protocols } from '../../../src/inference/protocols.ts';
import { grpcTargets, restTargets } from '../../../src/inference/targets.ts';

const protobuf = 'application/x-protobuf';
const name = 'inference.ModelInferRequest';
const v2 = grpcTargets(protocols.v2, grpcBindingOf('v2', 'model'), 'iris');
const refused = expect.objectContaining({ code: 'PAYLOAD_UNSUPPORTED', status: 415 });

describe('over gRPC', () => {
  test.each([
    protobuf,
    'application/protobuf',
    'APPLICATION/grpc+proto;x=1',
    'application/octet-stream',
  ])('%s is taken, and kept', (contentType) => {
    expect(v2({ contentType, protoName: name, model: undefined })).toMatchObject({
      path: '/inference.GRPCInferenceService/ModelInfer',
      contentType,
      replyName: 'inference.ModelInferResponse',
    });
  });

  test('without a content type it is said what it is', () => {
    expect(v2({ contentType: undefined, protoName: name, model: undefined }).contentType).toBe(
      protobuf,
    );
  });

  test.each([
    ['application/json', name],
    ['application/x-protobuffer', name],
    ['', name],
    [protobuf, undefined],
    [protobuf, ''],
    [protobuf, 'inference.ModelInferResponse'],
    [protobuf, `${name} `],
    [undefined, undefined],
  ])('%j with the name %j is refused', (contentType, protoName) => {
    expect(() => v2({ contentType, protoName, model: undefined })).toThrow(refused);
  });

  test('a refusal repeats only so much of what was sent, on one line', () => {
    const protoName = `a\n${'b'.repeat(10_000)}`;
    try {
      v2({ contentType: protobuf, protoName, model: undefined });
    } catch (error) {
      expect(String(error).length).toBeLessThan(600);
      expect(String(error)).not.toContain('\n');
    }
    expect.assertions(2);
  });

  test.each([
    ['wine', true],
    ['iris', false],
    ['', false],
  ])('a message that names the model %j: another one is %j', (model, other) => {
    const target = v2({ contentType: protobuf, protoName: name, model: undefined });
    expect(target.namesOtherModel?.(bytesField(1, model))).toBe(other);
  });
});

describe('over REST', () => {
  const rest = restTargets(protocols.v2, 'iris');

  test('everything but a protobuf is passed on as it is', () => {
    for (const contentType of ['application/json', 'application/octet-stream', 'text/plain', '']) {
      expect(rest({ contentType, model: undefined }).contentType).toBe(contentType);
    }
    expect(rest({ contentType: undefined, model: 'wine' })).toMatchObject({
      path: '/v2/models/wine/infer',
      contentType: 'application/json',
    });
  });

  test.each([
    [protobuf, undefined],
    ['application/json', name],
    [undefined, name],
  ])('%j with the name %j is refused', (contentType, protoName) => {
    expect(() => rest({ contentType, protoName, model: undefined })).toThrow(refused);
  });
});
