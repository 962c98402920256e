import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { healthCheck } from '../../../src/inference/grpc-health.ts';
import { bytesField, firstField, readFields } from '../../../src/inference/protobuf.ts';
import { tensorflowGrpc } from '../../../src/inference/tensorflow/grpc.ts';
import { v2Grpc } from '../../../src/inference/v2/grpc.ts';

const text = (value: unknown): string => Buffer.from(value as Uint8Array).toString('utf8');

describe('the wire format', () => {
  test('what was written is read, whatever its length', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 15 }),
        fc.string({ maxLength: 20_000 }),
        (field, value) => {
          const bytes = bytesField(field, value);
          if (value === '') expect(bytes).toEqual(new Uint8Array());
          else expect(text(firstField(bytes, field))).toBe(value);
        },
      ),
    );
  });

  test('every kind of field is passed over', () => {
    const bytes = Buffer.from([
      ...[0x08, 0x96, 0x01],
      ...[0x11, 1, 2, 3, 4, 5, 6, 7, 8],
      ...[0x1d, 1, 2, 3, 4],
      ...[0x22, 2, 0x68, 0x69],
    ]);
    expect(firstField(bytes, 1)).toBe(150);
    expect(text(firstField(bytes, 4))).toBe('hi');
    expect(firstField(bytes, 5)).toBeUndefined();
  });

  test('bytes that are no message are read as far as they are one, and never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        let fields = 0;
        readFields(bytes, () => {
          fields += 1;
          return true;
        });
        expect(fields).toBeLessThanOrEqual(bytes.length);
        v2Grpc.modelOf(bytes);
        tensorflowGrpc.modelOf(bytes);
        healthCheck.isReady(bytes);
        for (const { isReady } of tensorflowGrpc.readiness('m')) isReady(bytes);
      }),
    );
  });

  test.each([[[0x0a, 0x05, 1]], [[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]], [[0x08]], [[0x0b]]])(
    '%j is cut short: there is nothing in it',
    (bytes) => expect(firstField(Buffer.from(bytes), 1)).toBeUndefined(),
  );
});

describe('the model that a message names', () => {
  test('of v2', () => {
    expect(v2Grpc.modelOf(bytesField(1, 'iris'))).toBe('iris');
    expect(v2Grpc.modelOf(new Uint8Array())).toBeUndefined();
  });

  test('of tensorflow', () => {
    expect(tensorflowGrpc.modelOf(bytesField(1, bytesField(1, 'iris')))).toBe('iris');
    expect(tensorflowGrpc.modelOf(bytesField(2, 'x'))).toBeUndefined();
  });
});

describe('readiness of TensorFlow Serving', () => {
  const [question] = tensorflowGrpc.readiness('iris');
  const version = (state: number): Buffer => Buffer.from([0x0a, 4, 0x08, 1, 0x10, state]);

  test('asks about the model', () => {
    expect(question?.message).toEqual(bytesField(1, bytesField(1, 'iris')));
  });

  test.each([
    ['START', [10], false],
    ['LOADING', [20], false],
    ['AVAILABLE', [30], true],
    ['UNLOADING', [40], false],
    ['an old version that ends and a new one', [50, 30], true],
    ['none', [], false],
  ])('%s', (_state, states, ready) => {
    expect(question?.isReady(Buffer.concat(states.map(version)))).toBe(ready);
  });
});
