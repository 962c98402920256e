/** The gRPC server's side of the wire: what its callers may rely on, and what they cannot do to it. */

import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { eventually, get, openAdapter, useAdapter } from '../../support/adapter.ts';
import { openGrpcClient } from '../../support/grpc-client.ts';
import { grpcAnswer, openGrpcPredictor, useGrpcPredictor } from '../../support/grpc-predictor.ts';
import {
  callersOf,
  goodFrame as framed,
  framedAs,
  goodHeaders,
  goodMessage as message,
  openSession,
  rawCall,
  rawRequest,
} from '../../support/raw-grpc.ts';

const path = goodHeaders[':path'];
const reflectionPath = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
const listServices = Buffer.from([7 * 8 + 2, 1, 42]);

describe('a call', () => {
  const predictor = useGrpcPredictor();
  const adapter = useAdapter(() => ({
    PREDICTOR_URL: predictor.url,
    GRPC_PORT: '0',
    MAX_BODY_BYTES: '100000',
    MAX_CONCURRENCY: '2',
    MAX_WAITING: '30',
    REQUEST_TIMEOUT_MS: '1500',
  }));
  const { call, isWell } = callersOf(adapter);

  test('is answered with headers, one message and the status in trailers', async () => {
    const reply = await call({});
    expect(reply.headers).toMatchObject({
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'grpc-accept-encoding': 'identity,deflate,gzip',
      'grpc-status': '0',
    });
    expect(reply.body).toEqual(framedAs(0, grpcAnswer));
    expect([reply.trailersOnly, reply.rstCode]).toEqual([false, 0]);
  });

  test('that is refused is answered by trailers alone, percent-encoded', async () => {
    predictor.answer = (_call, reply) => reply({ code: 9, details: '50% ö\n' });
    const reply = await call({ 'seldon-puid': 'p' });
    expect(reply.trailersOnly).toBe(true);
    expect(reply.headers).toMatchObject({
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'grpc-status': '9',
      'grpc-message': '50%25 %C3%B6%0A',
      'seldon-puid': 'p',
      'seldon-error-code': 'PREDICTOR_FAILED',
    });
  });

  test.each(['application/grpc', 'application/grpc+proto', 'application/grpc; x=y'])(
    'of the content type %s is taken',
    async (type) => {
      expect((await call({ 'content-type': type })).headers['grpc-status']).toBe('0');
    },
  );

  test.each(['application/grpc+json', 'application/grpc-web+proto', 'text/plain'])(
    'of the content type %s is 415',
    async (type) => {
      const reply = await call({ 'content-type': type });
      expect([reply.headers[':status'], reply.rstCode]).toEqual([415, 0]);
      expect(predictor.calls).toEqual([]);
    },
  );

  test.each(['GET', 'PUT', 'DELETE'])('by %s is 405', async (method) => {
    const reply = await call({ ':method': method });
    expect(reply.headers).toMatchObject({ ':status': 405, allow: 'POST' });
    expect(predictor.calls).toEqual([]);
  });

  test('whose message comes byte by byte is answered', async () => {
    const reply = await rawCall(adapter.grpcPort, {}, (stream) => {
      const next = (at: number): void => {
        if (at === framed.length) stream.end();
        else stream.write(framed.subarray(at, at + 1), () => setImmediate(next, at + 1));
      };
      next(0);
    });
    expect(reply.headers['grpc-status']).toBe('0');
    expect(predictor.calls.map((made) => made.message)).toEqual([message]);
  });

  test('whose caller ends it apart from the message is answered', async () => {
    const reply = await rawCall(adapter.grpcPort, {}, (stream) => {
      stream.write(framed);
      setTimeout(() => stream.end(), 30);
    });
    expect(reply.headers['grpc-status']).toBe('0');
  });

  test('with binary metadata in several values passes all of them on', async () => {
    await call({ 'x-bin': 'AAE,Ag==' });
    expect(predictor.calls[0]?.metadata.get('x-bin')).toEqual([
      Buffer.from([0, 1]),
      Buffer.from([2]),
    ]);
  });

  describe('with a compressed message', () => {
    test.each([
      ['gzip', gzipSync(message)],
      ['deflate', deflateSync(message)],
    ])('by %s is passed on expanded', async (encoding, packed) => {
      const reply = await call({ 'grpc-encoding': encoding }, framedAs(1, packed));
      expect(reply.headers['grpc-status']).toBe('0');
      expect(predictor.calls.map((made) => made.message)).toEqual([message]);
    });

    test.each(['gzip', 'zstd'])(
      'announced as %s, and not compressed, is passed on as it is',
      async (encoding) => {
        const reply = await call({ 'grpc-encoding': encoding });
        expect(reply.headers['grpc-status']).toBe('0');
        expect(predictor.calls.map((made) => made.message)).toEqual([message]);
      },
    );

    test("by grpc-js' own client is passed on expanded", async () => {
      const large = Buffer.alloc(50_000, 'abc');
      const client = openGrpcClient(adapter.grpcPort, {
        'grpc.default_compression_algorithm': 2,
      });
      expect((await client(path, large)).status).toBe('OK');
      expect(predictor.calls[0]?.message).toEqual(large);
    });

    test('that expands beyond MAX_BODY_BYTES is refused', async () => {
      const bomb = gzipSync(Buffer.alloc(50_000_000));
      const reply = await call({ 'grpc-encoding': 'gzip' }, framedAs(1, bomb));
      expect(reply.headers['grpc-status']).toBe('8');
      expect(String(reply.headers['grpc-message'])).toContain('MAX_BODY_BYTES');
    });

    test('in a way that is not known here is told which are', async () => {
      const reply = await call({ 'grpc-encoding': 'zstd' }, framedAs(1, message));
      expect(reply.headers).toMatchObject({
        'grpc-status': '12',
        'grpc-accept-encoding': 'identity,deflate,gzip',
      });
    });

    test.each([
      ['without saying how', {}, framedAs(1, message)],
      ['as identity', { 'grpc-encoding': 'identity' }, framedAs(1, message)],
      ['of other bytes', { 'grpc-encoding': 'deflate' }, framedAs(1, message)],
      ['cut short', { 'grpc-encoding': 'gzip' }, framedAs(1, gzipSync(message).subarray(0, 12))],
      ['by a flag that is none', {}, framedAs(2, message)],
    ])('%s is INTERNAL', async (_what, headers, body) => {
      const reply = await call(headers as Record<string, string>, body);
      expect(reply.headers['grpc-status']).toBe('13');
      expect(predictor.calls).toEqual([]);
      await isWell();
    });
  });

  test('with a message beyond the bound is refused before it is sent whole', async () => {
    const reply = await rawCall(adapter.grpcPort, {}, (stream) => {
      stream.write(framedAs(0, Buffer.alloc(100_001)).subarray(0, 5_000));
    });
    expect(reply.headers['grpc-status']).toBe('8');
  });

  test('whose message is not there by its deadline is ended', async () => {
    const reply = await rawCall(adapter.grpcPort, { 'grpc-timeout': '50m' }, (stream) => {
      stream.write(framed.subarray(0, 3));
    });
    expect(reply.headers['grpc-status']).toBe('4');
  });

  test('has the deadline of the caller, in any unit', async () => {
    let left: number[] = [];
    predictor.answer = ({ deadline }, reply) => {
      left.push(deadline - Date.now());
      reply(null, grpcAnswer);
    };
    for (const timeout of ['700m', '700000u', '1S', '99999999H']) {
      await call({ 'grpc-timeout': timeout });
    }
    const [ms = 0, us = 0, second = 0, hours = 0] = left;
    left = [];
    expect(Math.max(ms, us)).toBeLessThanOrEqual(701);
    expect(second).toBeLessThanOrEqual(1_001);
    // Never more than REQUEST_TIMEOUT_MS.
    expect(hours).toBeLessThanOrEqual(1_501);
  });

  test.each([
    ['in the middle of its message', framed.subarray(0, 6)],
    ['after its message, before its end', framed],
  ])('that is reset %s is not passed on', async (_what, body) => {
    await rawCall(adapter.grpcPort, {}, (stream) => {
      // Closing it would end it first.
      stream.write(body, () => setTimeout(() => stream.destroy(new Error('gone')), 20));
    });
    await isWell();
    expect(predictor.calls.length).toBe(1);
  });

  test('that is reset while it waits for a place is not passed on', async () => {
    const waiting: (() => void)[] = [];
    predictor.answer = (_call, reply) => void waiting.push(() => reply(null, grpcAnswer));
    const running = [call({}), call({})];
    await eventually(() => waiting.length === 2);
    const session = openSession(adapter.grpcPort);
    const isWaiting = async (): Promise<boolean> =>
      /seldon_eventing_http_waiting\{[^}]*\} 1/.test((await get(`${adapter.url}/metrics`)).text);
    const third = rawRequest(session, {}, (stream) => {
      stream.end(framed);
      void eventually(isWaiting).then(() => stream.close(8));
    });
    expect((await third).rstCode).toBe(8);
    predictor.answer = (_call, reply) => reply(null, grpcAnswer);
    for (const go of waiting) go();
    await Promise.all(running);
    await isWell();
    expect(predictor.calls.length).toBe(3);
    const metrics = (await get(`${adapter.url}/metrics`)).text;
    expect(metrics).toMatch(/service="\/seldon.protos.Seldon\/Predict",[^}]*code="CANCELLED"/);
  });

  test('whose caller does not take the answer is cut off in time', async () => {
    predictor.answer = (_call, reply) => reply(null, Buffer.alloc(50_000));
    const session = openSession(adapter.grpcPort, { settings: { initialWindowSize: 0 } });
    await once(session, 'localSettings');
    const reply = await rawRequest(session, { 'grpc-timeout': '200m' }, (stream) =>
      stream.end(framed),
    );
    expect([reply.headers['grpc-status'], reply.rstCode]).toEqual([undefined, 8]);
    predictor.answer = (_call, reply) => reply(null, grpcAnswer);
    await isWell();
  });

  test('beyond the streams of a connection is refused, unseen', async () => {
    const session = openSession(adapter.grpcPort);
    await once(session, 'remoteSettings');
    expect(session.remoteSettings.maxConcurrentStreams).toBe(32);
    predictor.answer = () => undefined;
    // Node's client waits with calls beyond what the server allows, and sends them when it may.
    const replies = await Promise.all(
      Array.from({ length: 60 }, () => rawRequest(session, {}, (stream) => stream.end(framed))),
    );
    const statuses = new Set(replies.map(({ headers }) => headers['grpc-status']));
    expect([...statuses].every((status) => status === '4' || status === '8')).toBe(true);
    predictor.answer = (_call, reply) => reply(null, grpcAnswer);
    await isWell();
  });

  test('begun and reset without end costs its caller the connection, and others nothing', async () => {
    predictor.answer = (_call, reply) => void setTimeout(() => reply(null, grpcAnswer), 5);
    const session = openSession(adapter.grpcPort);
    let ended = false;
    session.on('goaway', () => {
      ended = true;
    });
    session.on('close', () => {
      ended = true;
    });
    while (!ended) {
      for (let i = 0; i < 50 && !session.destroyed && !session.closed; i += 1) {
        const stream = session.request(goodHeaders);
        stream.on('error', () => undefined);
        stream.end(framed);
        setImmediate(() => stream.close(8));
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    predictor.answer = (_call, reply) => reply(null, grpcAnswer);
    await eventually(async () => {
      const answer = await openGrpcClient(adapter.grpcPort)(path, message);
      return answer.status === 'OK';
    });
  });

  test('of reflection is answered message by message, also compressed', async () => {
    const reply = await rawCall(
      adapter.grpcPort,
      { ':path': reflectionPath, 'grpc-encoding': 'gzip' },
      (stream) => {
        stream.write(
          Buffer.concat([framedAs(0, listServices), framedAs(1, gzipSync(listServices))]),
        );
        stream.end(framedAs(0, Buffer.from([4 * 8 + 2, 1, 120])));
      },
    );
    expect([reply.headers['grpc-status'], reply.headers['grpc-message']]).toEqual(['0', undefined]);
    const text = reply.body.toString('latin1');
    expect(text.match(/seldon\.protos\.Seldon/g)).toHaveLength(2);
    expect(text.indexOf('Symbol not found: x')).toBeGreaterThan(text.lastIndexOf('seldon.protos'));
  });

  test.each([
    ['that is no message', framedAs(0, Buffer.from([0xff])), '13'],
    ['that is cut short', framedAs(0, listServices).subarray(0, 6), '13'],
    ['beyond the bound', framedAs(0, Buffer.alloc(100_001)), '8'],
    ['of nothing at all', Buffer.alloc(0), '0'],
  ])('of reflection with bytes %s ends with a status', async (_what, body, status) => {
    const reply = await call({ ':path': reflectionPath }, body);
    expect(reply.headers['grpc-status']).toBe(status);
    await isWell();
  });

  test('of reflection whose answers nobody takes is not read from, and ends', async () => {
    const session = openSession(adapter.grpcPort, { settings: { initialWindowSize: 0 } });
    await once(session, 'localSettings');
    const question = framedAs(
      0,
      Buffer.concat([
        Buffer.from([4 * 8 + 2, 19]),
        Buffer.from('seldon.protos.Seldon'.slice(0, 19)),
      ]),
    );
    const many = Buffer.concat(Array.from({ length: 10_000 }, () => question));
    let sent = 0;
    const reply = await rawRequest(session, { ':path': reflectionPath }, (stream) => {
      const next = (): void => {
        if (stream.closed || stream.destroyed) return;
        stream.write(many, () => {
          sent += many.length;
          next();
        });
      };
      next();
    });
    expect(reply.rstCode).toBe(8);
    // What HTTP/2's windows hold, and no more.
    expect(sent).toBeLessThan(4 * 1024 * 1024);
    await isWell();
  });
});

test('a connection is told to go when the server drains, and its calls under way are answered', async () => {
  const predictor = await openGrpcPredictor();
  const adapter = await openAdapter({ PREDICTOR_URL: predictor.url, GRPC_PORT: '0' });
  let go: (() => void) | undefined;
  predictor.answer = (_call, reply) => {
    go = () => reply(null, grpcAnswer);
  };
  const [busy, idle] = [openSession(adapter.grpcPort), openSession(adapter.grpcPort)];
  await once(idle, 'remoteSettings');
  const running = rawRequest(busy, {}, (stream) => stream.end(framed));
  await eventually(() => go !== undefined);
  const [told, closed] = [once(busy, 'goaway'), once(idle, 'close')];
  const stopped = adapter.stop();
  expect((await told)[0]).toBe(0);
  await closed;
  go?.();
  expect((await running).headers['grpc-status']).toBe('0');
  await stopped;
});
