/** The gRPC server on a bare socket: what hostile or careless callers send, and how it shuts down. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventually, get, openAdapter, openSocket, useAdapter } from '../../support/adapter.ts';
import { openGrpcClient } from '../../support/grpc-client.ts';
import { grpcAnswer, openGrpcPredictor, useGrpcPredictor } from '../../support/grpc-predictor.ts';
import {
  callersOf,
  goodFrame as framed,
  goodHeaders,
  goodMessage as message,
  rawCall,
} from '../../support/raw-grpc.ts';

const path = goodHeaders[':path'];

describe('hostile and careless callers', () => {
  const predictor = useGrpcPredictor();
  const adapter = useAdapter(() => ({
    PREDICTOR_URL: predictor.url,
    GRPC_PORT: '0',
    MAX_BODY_BYTES: '100000',
    REQUEST_TIMEOUT_MS: '1000',
  }));
  const { call, isWell } = callersOf(adapter);

  test.each<readonly [string, Record<string, string>, Buffer, string | undefined]>([
    ['no message', {}, Buffer.alloc(0), '12'],
    ['half a prefix', {}, Buffer.from([0, 0]), '12'],
    ['less than it says', {}, Buffer.from([0, 0, 0, 0, 9, 1]), '12'],
    ['two messages', {}, Buffer.concat([framed, framed]), '12'],
    ['a length of 4 GB', {}, Buffer.from([0, 255, 255, 255, 255, 1]), '8'],
    [
      'a compressed message that is none',
      { 'grpc-encoding': 'gzip' },
      Buffer.from([1, 0, 0, 0, 2, 8, 1]),
      '13',
    ],
    [
      'an unknown compression',
      { 'grpc-encoding': 'zstd' },
      Buffer.from([1, 0, 0, 0, 2, 8, 1]),
      '12',
    ],
    ['a deadline that is none', { 'grpc-timeout': 'soon' }, framed, '13'],
    ['a deadline of no time', { 'grpc-timeout': '0m' }, framed, '4'],
    ['an unknown method', { ':path': '/x' }, framed, '12'],
    ['a path that is none', { ':path': '/../../etc/passwd' }, framed, '12'],
    ['another content type', { 'content-type': 'application/json' }, framed, undefined],
  ])('%s: told, and not passed on', async (_what, headers, body, code) => {
    const reply = await call(headers, body);
    if (code === undefined) expect(reply.headers[':status']).toBe(415);
    else expect(reply.headers['grpc-status']).toBe(code);
    expect(predictor.calls).toEqual([]);
    await isWell();
  });

  test('metadata beyond all measure', async () => {
    const huge = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`x-${i}`, 'v'.repeat(1_000)]),
    );
    await call(huge);
    await call({ 'seldon-puid': 'p'.repeat(60_000) });
    await isWell();
  });

  test('odd metadata is passed on or left out, and never breaks the call', async () => {
    const reply = await call({
      'x-empty': '',
      'x-spaces': '  a  ',
      'x-bad-bin': '!!!not base64!!!',
      'proto-name': 'seldon.protos.SeldonMessage',
      'content-encoding': 'identity',
      traceparent: 'nonsense',
    });
    expect(reply.headers['grpc-status']).toBe('0');
    expect(reply.body).toEqual(Buffer.concat([Buffer.from([0, 0, 0, 0, 5]), grpcAnswer]));
  });

  test('a caller that never sends its message is ended, and holds no place', async () => {
    const replies = await Promise.all(
      Array.from({ length: 80 }, () =>
        rawCall(adapter.grpcPort, {}, (stream) => stream.write(framed.subarray(0, 4))),
      ),
    );
    expect(replies.every(({ headers }) => headers['grpc-status'] === '4')).toBe(true);
    expect(String(replies[0]?.headers['grpc-message'])).toContain('sent');
    expect(predictor.calls).toEqual([]);
    await isWell();
  });

  test('callers that go away while they wait leave nothing behind', async () => {
    predictor.answer = (_call, reply) => void setTimeout(() => reply(null, grpcAnswer), 50);
    await Promise.all(
      Array.from({ length: 20 }, () =>
        rawCall(adapter.grpcPort, {}, (stream) => {
          stream.end(framed);
          setTimeout(() => stream.close(8), 20);
        }),
      ),
    );
    await eventually(async () => {
      const metrics = (await get(`${adapter.url}/metrics`)).text;
      return /seldon_eventing_http_running\{[^}]*\} 0/.test(metrics);
    });
    await isWell();
  });

  test('bytes that are no HTTP/2', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, preface) => {
        const socket = await openSocket(adapter.grpcPort);
        if (preface) socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
        socket.end(bytes);
        await new Promise((resolve) => {
          socket.once('close', resolve);
          socket.resume();
          setTimeout(() => socket.destroy(), 50);
        });
      }),
      { numRuns: 40 },
    );
    const socket = await openSocket(adapter.grpcPort);
    socket.end('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await isWell();
  });
});

describe('shutting down', () => {
  test('calls under way are answered, later ones are not taken', async () => {
    const predictor = await openGrpcPredictor();
    const adapter = await openAdapter({ PREDICTOR_URL: predictor.url, GRPC_PORT: '0' });
    let go: (() => void) | undefined;
    predictor.answer = (_call, reply) => {
      if (go !== undefined) reply(null, grpcAnswer);
      else go = () => reply(null, grpcAnswer);
    };
    const call = openGrpcClient(adapter.grpcPort);
    const running = call(path, message);
    await eventually(() => go !== undefined);
    const stopped = adapter.stop();
    const callLate = () => openGrpcClient(adapter.grpcPort)(path, message, { timeoutMs: 2_000 });
    // One may still be taken in the moment before draining begins.
    await eventually(async () => (await callLate()).status === 'UNAVAILABLE');
    const taken = predictor.calls.length;
    expect(await callLate()).toMatchObject({ status: 'UNAVAILABLE' });
    go?.();
    expect(await running).toMatchObject({ status: 'OK', message: grpcAnswer });
    await stopped;
    expect(predictor.calls.length).toBe(taken);
  });

  test('until the delay is over calls are taken, though health says not ready', async () => {
    const predictor = await openGrpcPredictor();
    const adapter = await openAdapter({
      PREDICTOR_URL: predictor.url,
      GRPC_PORT: '0',
      DRAIN_DELAY_MS: '700',
    });
    const call = openGrpcClient(adapter.grpcPort);
    expect((await call(path, message)).status).toBe('OK');
    const stopped = adapter.stop();
    const health = await call('/grpc.health.v1.Health/Check', Buffer.alloc(0));
    expect([...(health.message ?? [])]).toEqual([8, 2]);
    expect((await call(path, message)).status).toBe('OK');
    await stopped;
  });

  test('a call that never ends is ended when the time is up', async () => {
    const predictor = await openGrpcPredictor();
    const adapter = await openAdapter({
      PREDICTOR_URL: predictor.url,
      GRPC_PORT: '0',
      DRAIN_TIMEOUT_MS: '300',
    });
    predictor.answer = () => undefined;
    const running = openGrpcClient(adapter.grpcPort)(path, message);
    await eventually(() => predictor.calls.length === 1);
    await adapter.stop();
    expect(['UNAVAILABLE', 'CANCELLED']).toContain((await running).status);
  });
});
