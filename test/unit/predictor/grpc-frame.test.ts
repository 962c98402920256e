import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeMessage,
  framed,
  isMetadata,
  messagePrefix,
  timeoutHeader,
} from '../../../src/predictor/grpc-frame.ts';

test('a prefix is five bytes: not compressed, and the length', () => {
  expect([...messagePrefix(0)]).toEqual([0, 0, 0, 0, 0]);
  expect([...messagePrefix(0x01020304)]).toEqual([0, 1, 2, 3, 4]);
  expect([...framed(Buffer.from([7, 8]))]).toEqual([0, 0, 0, 0, 2, 7, 8]);
});

test.each([
  [0.2, '1m'],
  [1_500, '1500m'],
  [2 ** 31, '99999999m'],
])('a timeout of %d ms is %s', (timeoutMs, header) =>
  expect(timeoutHeader(timeoutMs)).toBe(header),
);

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
