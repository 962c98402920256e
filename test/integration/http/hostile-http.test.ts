/** Bytes that are no HTTP, or lie about it: each connection is refused, and the server goes on. */

import { afterEach, describe, expect, test } from 'vitest';
import {
  ceHeaders,
  irisPayloads,
  openSocket,
  rawRequest,
  send,
  useAdapter,
} from '../../support/adapter.ts';
import { expectProblem, lines, raw } from './raw-requests.ts';

const body = irisPayloads.seldon;

describe('HTTP', () => {
  const adapter = useAdapter();
  afterEach(async () => {
    expect((await send(adapter.url, { headers: ceHeaders(), body })).status).toBe(200);
  });
  const predictions = () => adapter.iris.counters.predictions;

  test.each([
    ['nonsense', 'nonsense\r\n\r\n'],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/1.1 without Host', 'POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'],
    ['a space in a header name', 'POST / HTTP/1.1\r\nHost: h\r\nce id: x\r\n\r\n'],
    ['a bare CR', 'POST / HTTP/1.1\r\nHost: h\r\nx: a\rb\r\n\r\n'],
    ['NUL in a header', 'POST / HTTP/1.1\r\nHost: h\r\nx: a\x00b\r\n\r\n'],
    ['an unknown method', 'HACK / HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['a target with a space', 'POST /a b HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['a length that is no number', raw({ length: 'ten' })],
    ['a negative length', raw({ length: '-1' })],
    ['a length beyond all numbers', raw({ length: '9'.repeat(40) })],
    ['two lengths', raw({ headers: ['Content-Length: 5'], body: '1' })],
    ['a length and chunks', raw({ headers: ['Transfer-Encoding: chunked'], body: '0\r\n\r\n' })],
    [
      'a chunk size that is none',
      'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ],
    [
      'an unknown transfer coding',
      'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: magic\r\n\r\n',
    ],
  ])('%s gets 4xx and the connection is closed', async (_what, bytes) => {
    const before = predictions();
    const answer = await rawRequest(adapter.port, bytes);
    expect(answer.closed).toBe(true);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(predictions()).toBe(before);
  });

  test('a refusal by the parser is a problem document', async () => {
    expectProblem(await rawRequest(adapter.port, 'nonsense\r\n\r\n'), 400, 'REQUEST_MALFORMED');
  });

  test('a body shorter than its length, then the end: the predictor is not called', async () => {
    const before = predictions();
    const socket = await openSocket(adapter.port);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    socket.end(raw({ headers: lines(ceHeaders()), body, length: String(body.length + 10) }));
    await closed;
    expect(predictions()).toBe(before);
  });

  test('a body longer than its length: the rest is not smuggled into a second request', async () => {
    const before = predictions();
    const smuggled = raw({ headers: lines(ceHeaders({ 'ce-id': 'smuggled' })), body });
    const head = raw({
      headers: lines(ceHeaders()),
      body: body + smuggled,
      length: String(body.length),
    });
    // We ask to close, so what follows the first request is no request.
    const answer = await rawRequest(adapter.port, head);
    expect(answer.status).toBe(200);
    expect(answer.text.match(/HTTP\/1\.1 /g)?.length).toBe(1);
    expect(predictions() - before).toBe(1);
  });

  test('requests sent one after another without waiting are answered in their order', async () => {
    const ids = ['1', '2', '3', '4'];
    const requests = ids.map((id) =>
      raw({ headers: lines(ceHeaders({ 'ce-id': id })), body }).replace(
        'Connection: close\r\n',
        id === '4' ? 'Connection: close\r\n' : '',
      ),
    );
    const answer = await rawRequest(adapter.port, requests.join(''));
    expect([...answer.text.matchAll(/ce-causationid: (\d)/g)].map(([, id]) => id)).toEqual(ids);
  });

  test('an offer to upgrade is ignored, and Expect: 100-continue is met', async () => {
    const upgrade = [
      'Connection: close, Upgrade',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
    ];
    const plain = raw({ headers: lines(ceHeaders()), body }).replace(
      'Connection: close',
      upgrade.join('\r\n'),
    );
    expect((await rawRequest(adapter.port, plain)).status).toBe(200);
    const expecting = raw({ headers: [...lines(ceHeaders()), 'Expect: 100-continue'], body });
    expect((await rawRequest(adapter.port, expecting)).text).toContain('HTTP/1.1 200 OK');
  });

  test('CONNECT is no way through', async () => {
    const answer = await rawRequest(
      adapter.port,
      'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n',
    );
    expect(answer.closed).toBe(true);
    expect(answer.text).not.toContain(' 200 ');
  });
});
