/** Questions about status and metadata over gRPC: what is asked, and what is made of any answer. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grpcInfoOf } from '../../../src/inference/grpc-infos.ts';
import { firstField, textField } from '../../../src/inference/protobuf.ts';

const infos = {
  seldon: grpcInfoOf('seldon', 'model', undefined),
  service: grpcInfoOf('seldon', 'seldon', 'm'),
  tensorflow: grpcInfoOf('tensorflow', 'model', undefined),
  v2: grpcInfoOf('v2', 'model', undefined),
};
const paths = [
  ...['/metadata', '/health/status'].flatMap((path) => [
    ['seldon', path] as const,
    ['service', path] as const,
  ]),
  ...['/v1/models/m', '/v1/models/m/versions/1', '/v1/models/m/labels/a/metadata'].map(
    (path) => ['tensorflow', path] as const,
  ),
  ...['/v2', '/v2/models/m', '/v2/models/m/versions/1/ready'].map((path) => ['v2', path] as const),
];

describe('questions over gRPC', () => {
  it.each(paths)('of %s by %s are among those that metrics tell apart', (name, path) => {
    expect(infos[name].paths).toContain(infos[name].questionOf(path).path);
  });

  it.each(paths)('of %s by %s: any answer is JSON, or an error', (name, path) => {
    const { read } = infos[name].questionOf(path);
    const given = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      // What begins like a message gets further.
      fc.array(fc.constantFrom(0x08, 0x0a, 0x12, 0x1a, 0x22, 0x2a, 0, 1, 2, 3, 4, 0xff)),
    );
    fc.assert(
      fc.property(given, (bytes) => {
        let told: { readonly status: number; readonly json: unknown };
        try {
          told = read(Uint8Array.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          return;
        }
        expect([200, 503]).toContain(told.status);
        const { json } = told;
        expect(typeof JSON.parse(JSON.stringify(json))).toBe('object');
      }),
    );
  });

  it('name any model as the caller meant it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (name) => {
        const segment = encodeURIComponent(name);
        const v2 = infos.v2.questionOf(`/v2/models/${segment}`).message;
        expect(textField(v2, 1)).toBe(name);
        const spec = firstField(infos.tensorflow.questionOf(`/v1/models/${segment}`).message, 1);
        expect(spec instanceof Uint8Array && textField(spec, 1)).toBe(name);
      }),
    );
    expect(textField(infos.v2.questionOf('/v2/models/100%').message, 1)).toBe('100%');
  });

  it('refuse a version that is no number, where the protocol has numbers', () => {
    for (const version of ['latest', '-1', '1e3', '9'.repeat(30)]) {
      expect(() => infos.tensorflow.questionOf(`/v1/models/m/versions/${version}`)).toThrow(
        'no number',
      );
    }
  });
});
