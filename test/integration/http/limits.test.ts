/** Nothing that a sender sends is unbounded: bodies, headers, the time it takes. */

import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import {
  ceHeaders,
  irisPayloads,
  predictionPaths,
  rawRequest,
  send,
  useAdapter,
} from '../../support/adapter.ts';

const body = irisPayloads.seldon;
const event = { headers: ceHeaders(), body };
const plainPath = predictionPaths.seldon;

describe('size', () => {
  const adapter = useAdapter({ MAX_BODY_BYTES: '1000' });

  test('a body of MAX_BODY_BYTES is taken, one more byte is 413, whole or chunked', async () => {
    const padded = (bytes: number) => Buffer.from(body.padEnd(bytes));
    const before = adapter.iris.counters.predictions;
    const taken = await send(adapter.url, { ...event, body: padded(1_000) });
    expect(taken.status).toBe(200);
    const half = padded(1_001).subarray(0, 500);
    const rest = padded(1_001).subarray(500);
    for (const tooLarge of [padded(1_001), [half, rest]]) {
      const answer = await send(adapter.url, { ...event, body: tooLarge });
      expect(answer.status).toBe(413);
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(answer.json()).toMatchObject({ code: 'BODY_TOO_LARGE', fault: 'record', status: 413 });
    }
    expect(adapter.iris.counters.predictions - before).toBe(1);
    const warnings = adapter.log.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ fields }) => fields['code'])).toEqual([
      'BODY_TOO_LARGE',
      'BODY_TOO_LARGE',
    ]);
  });

  test("an ordinary request that is too large is told so in the protocol's shape", async () => {
    const plain = await send(adapter.url + plainPath, { body: Buffer.alloc(1_001) });
    expect(plain.status).toBe(413);
    expect(plain.json()).toMatchObject({ status: { code: 413, status: 'FAILURE' } });
    const asEvent = await send(adapter.url + plainPath, { ...event, body: Buffer.alloc(1_001) });
    expect(asEvent.headers['content-type']).toBe('application/problem+json');
  });

  test('the refusal comes before the body does', async () => {
    const head = `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n`;
    const answer = await rawRequest(adapter.port, head);
    expect(answer.status).toBe(413);
    expect(answer.closed).toBe(true);
  });

  test('headers of more than 16 KB are 431', async () => {
    const answer = await rawRequest(
      adapter.port,
      `POST / HTTP/1.1\r\nHost: h\r\nx: ${'a'.repeat(17_000)}\r\n\r\n`,
    );
    expect(answer.status).toBe(431);
    expect(answer.headerLines).toContain('content-type: application/problem+json');
    expect(JSON.parse(answer.body)).toMatchObject({ status: 431, code: 'REQUEST_MALFORMED' });
    expect(answer.closed).toBe(true);
  });

  test('headers of just less are taken, however many', async () => {
    const many = Array.from({ length: 1_000 }, (_, i) => `x${i}: ${i}\r\n`).join('');
    const ce = Object.entries(ceHeaders())
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');
    const answer = await rawRequest(
      adapter.port,
      `POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${many}${ce}Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(answer.status).toBe(200);
  });
});

describe('slow senders', () => {
  const adapter = useAdapter({ REQUEST_TIMEOUT_MS: '300' });

  test.each([
    ['headers', 'POST / HTTP/1.1\r\nHost: h\r\nce-i'],
    ['body', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n123'],
    ['chunk', 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12'],
  ])(
    'whoever does not finish its %s in time gets 408 and the connection is closed',
    async (_part, sent) => {
      const answer = await rawRequest(adapter.port, sent);
      expect(answer.closed).toBe(true);
      expect(answer.status).toBe(408);
      expect(JSON.parse(answer.body)).toMatchObject({ status: 408, code: 'REQUEST_MALFORMED' });
      expect((await send(adapter.url, event)).status).toBe(200);
    },
  );
});
