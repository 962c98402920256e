/** Anything at all, by the hundred. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ceHeaders,
  get,
  irisPayloads,
  predictionPaths,
  rawRequest,
  send,
  useAdapter,
} from '../../support/adapter.ts';
import { lines, raw } from './raw-requests.ts';

const body = irisPayloads.seldon;

describe('anything at all', () => {
  const adapter = useAdapter({ REQUEST_TIMEOUT_MS: '150' });

  const target = fc.oneof(
    fc.constantFrom('/', predictionPaths.seldon, '/livez', '/metrics', '*', 'http://h/'),
    fc
      .string({ unit: fc.constantFrom('/', '.', '%', '2', 'e', '?', '#', 'a', ':'), maxLength: 12 })
      .map((s) => `/${s}`),
  );
  const value = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom(
      '1.0',
      '0.3',
      '/s',
      'a%0D%0Ab',
      '%',
      '"',
      'application/json',
      'application/cloudevents+json',
      'application/cloudevents-batch+json',
    ),
  );
  const name = fc.oneof(
    fc.constantFrom(
      'ce-specversion',
      'ce-id',
      'ce-source',
      'ce-type',
      'ce-time',
      'content-type',
      'Seldon-Puid',
      'traceparent',
      'content-encoding',
      'transfer-encoding',
      'expect',
      'connection',
      'content-length',
    ),
    fc.string({ unit: fc.constantFrom('c', 'e', '-', '_', 'x', '1'), minLength: 1, maxLength: 8 }),
  );
  const content = fc.oneof(
    fc.constant(body),
    fc.json(),
    fc
      .json()
      .map((data) => `{"specversion":"1.0","id":"1","source":"/s","type":"t","data":${data}}`),
    fc
      .json()
      .map((data) => `[{"specversion":"1.0","id":"1","source":"/s","type":"t","data":${data}}, 1]`),
    fc.string({ unit: 'binary', maxLength: 40 }),
  );
  const requests = fc.record({
    method: fc.constantFrom('POST', 'POST', 'POST', 'GET', 'PUT', 'HEAD', 'OPTIONS', 'X'),
    target,
    valid: fc.boolean(),
    headers: fc.array(fc.tuple(name, value), { maxLength: 6 }),
    text: content,
    cut: fc.oneof(
      { weight: 9, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.nat(300) },
    ),
  });

  test('is never answered 500, never hangs, and the server still answers afterwards', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async ({ method, target: path, valid, headers, text, cut }) => {
        const all = [
          ...(valid ? lines(ceHeaders()) : []),
          ...headers.map(([n, v]) => `${n}: ${v}`),
        ];
        const bytes = Buffer.from(raw({ method, target: path, headers: all, body: text }), 'utf8');
        const answer = await rawRequest(adapter.port, bytes.subarray(0, cut));
        expect(answer.closed, 'it hangs').toBe(true);
        expect(answer.status, answer.text).not.toBe(500);
        const told = answer.headerLines.map((line) =>
          line.slice(0, line.indexOf(':')).toLowerCase(),
        );
        expect(told.filter((header) => header === 'b')).toEqual([]);
      }),
      { numRuns: 300, seed: 20_250_101, endOnFailure: true },
    );
    expect((await get(`${adapter.url}/readyz`)).status).toBe(200);
    expect((await send(adapter.url, { headers: ceHeaders(), body })).status).toBe(200);
    expect(adapter.log.filter(({ level }) => level === 'error')).toEqual([]);
  }, 60_000);
});
