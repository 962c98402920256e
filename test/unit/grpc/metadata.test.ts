import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readMetadata } from '../../../src/grpc/metadata.ts';

test("what is HTTP's and gRPC's own goes no further, and all else does, in its order", () => {
  const { headers, puid, reply } = readMetadata([
    ...[':method', 'POST', ':path', '/x', 'content-type', 'application/grpc', 'te', 'trailers'],
    ...['grpc-timeout', '1S', 'grpc-encoding', 'gzip', 'accept-encoding', 'gzip'],
    ...['x-tag', 'a', 'seldon-puid', 'p', 'x-tag', 'b', 'traceparent', 't', 'x-bin', 'AAE, Ag'],
  ]);
  expect(headers).toEqual([
    ...['x-tag', 'a', 'x-tag', 'b', 'traceparent', 't', 'x-bin', 'AAE=', 'x-bin', 'Ag=='],
    ...['seldon-puid', 'p'],
  ]);
  expect([puid, reply]).toEqual(['p', { traceparent: 't' }]);
});

test('the first puid and the first trace count', () => {
  const { puid, reply } = readMetadata([
    ...['seldon-puid', 'p', 'seldon-puid', 'q', 'tracestate', 'a', 'tracestate', 'b'],
  ]);
  expect([puid, reply]).toEqual(['p', { tracestate: 'a' }]);
});

test('without a puid, or with an empty one, there is a fresh one', () => {
  const puids = [[], ['seldon-puid', '']].map((raw) => readMetadata(raw).puid);
  expect(new Set(puids).size).toBe(2);
  expect(puids.every((puid) => puid.length === 36)).toBe(true);
});

test('any names and values are read without a throw', () =>
  fc.assert(
    fc.property(fc.array(fc.string()), (raw) => {
      const { headers, puid } = readMetadata(raw);
      expect(headers.slice(-2)).toEqual(['seldon-puid', puid]);
      expect(headers.length % 2).toBe(0);
    }),
  ));
