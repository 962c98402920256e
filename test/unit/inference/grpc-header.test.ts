import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeMessage,
  encodeMessage,
  isGrpcContentType,
  isMetadata,
  parseTimeout,
  timeoutHeader,
} from '../../../src/inference/grpc-header.ts';

test.each([
  [0.2, '1m'],
  [1_500, '1500m'],
  [2 ** 31, '99999999m'],
])('a timeout of %d ms is %s', (timeoutMs, header) =>
  expect(timeoutHeader(timeoutMs)).toBe(header),
);

test.each([
  ['1H', 3_600_000],
  ['2M', 120_000],
  ['3S', 3_000],
  ['99999999m', 99_999_999],
  ['1500u', 1.5],
  ['0n', 0],
  ['000001m', 1],
])('a grpc-timeout of %s is %d ms', (text, ms) => expect(parseTimeout(text)).toBeCloseTo(ms, 9));

test.each([
  '',
  'soon',
  'm',
  '1',
  '1 S',
  '-1S',
  '1.5S',
  '123456789m',
  '1s',
  '1h',
  ' 1S',
  '1S,2S',
  '1S\n',
])('a grpc-timeout of %j is none', (text) => expect(parseTimeout(text)).toBeUndefined());

test('a timeout that is told is read again, a millisecond longer at most', () =>
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 99_999_999, noNaN: true }), (ms) => {
      const read = parseTimeout(timeoutHeader(ms)) ?? Number.NaN;
      return read >= Math.min(ms, 1) && read <= ms + 1;
    }),
  ));

test.each([
  ['application/grpc', true],
  ['application/grpc+proto', true],
  ['Application/gRPC+Proto', true],
  ['application/grpc;charset=utf-8', true],
  ['application/grpc+proto ; x=y', true],
  ['application/grpc+json', false],
  ['application/grpc-web', false],
  ['application/grpcx', false],
  ['application/json', false],
  ['', false],
  [undefined, false],
])('the content type %j is of gRPC: %j', (text, expected) =>
  expect(isGrpcContentType(text)).toBe(expected),
);

test.each([
  ['plain text, "quoted"', 'plain text, "quoted"'],
  ['100%', '100%25'],
  ['wörds\n', 'w%C3%B6rds%0A'],
  [' outer ', '%20outer%20'],
  ['\u{1f642}', '%F0%9F%99%82'],
  ['half \ud83d', 'half %EF%BF%BD'],
  ['\x7f\0', '%7F%00'],
  ['', ''],
])('the message text %j goes as %j', (text, sent) => expect(encodeMessage(text)).toBe(sent));

test('a message text of any kind fits into a header, and is read as it was', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const sent = encodeMessage(text);
      expect(sent).toMatch(/^(?! )[\x20-\x7e]*(?<! )$/);
      expect(decodeMessage(sent)).toBe(text.replace(/\p{Surrogate}/gu, '\ufffd'));
    }),
  ));

test('a message text is decoded, or stays as it is', () => {
  expect(decodeMessage('w%C3%B6rds')).toBe('wörds');
  expect(decodeMessage('100%')).toBe('100%');
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      (text) => decodeMessage(encodeURIComponent(text)) === text,
    ),
  );
});

test.each([
  ['traceparent', 'x', true],
  ['seldon-puid', '', true],
  ['x-bin', 'AAA=', true],
  ['authorization', 'Bearer x', true],
  ['content-length', '1', false],
  ['connection', 'x', false],
  ['te', 'gzip', false],
  ['host', 'x', false],
  [':path', '/', false],
  ['grpc-timeout', '1S', false],
  ['proto-name', 'x', false],
  ['accept-encoding', 'gzip', false],
  ['x name', 'x', false],
  ['X-Upper', 'x', false],
  ['x-latin', 'ö', false],
  ['x-line', 'a\nb', false],
])('%s: %j is metadata: %j', (name, value, expected) => {
  expect(isMetadata(name, value)).toBe(expected);
});
