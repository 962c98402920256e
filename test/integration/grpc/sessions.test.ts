/** What becomes of connections to the gRPC server that nobody answers on, or that nobody uses. */

import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { keepSession, type SessionTimes } from '../../../src/grpc/keep-session.ts';
import { openSession, rawRequest } from '../../support/raw-grpc.ts';

const quick: SessionTimes = { keepAliveMs: 20, keepAliveTimeoutMs: 100, idlePings: 3 };

/** A server that keeps its one session by these times. */
async function open(times: SessionTimes = quick) {
  const server = createServer();
  const kept = new Promise<{ session: ServerHttp2Session; watch: () => void }>((resolve) => {
    server.on('session', (session) => resolve({ session, watch: keepSession(session, times) }));
  });
  server.on('sessionError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { server, port: (server.address() as AddressInfo).port, kept };
}

test('a connection whose peer does not answer pings is ended', async () => {
  const { port, kept } = await open();
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  // The preface, an empty SETTINGS frame, and never another word.
  socket.write(
    Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
    ]),
  );
  socket.resume();
  const { session } = await kept;
  await once(session, 'close');
  expect(session.destroyed).toBe(true);
});

test('one over which nothing ever comes is ended', async () => {
  const { port } = await open();
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  socket.resume();
  await once(socket, 'close');
  expect(socket.destroyed).toBe(true);
});

test('one that nobody uses is told to go, by a word that leaves calls on their way alone', async () => {
  const { port } = await open();
  const session = openSession(port);
  const told = once(session, 'goaway');
  const closed = once(session, 'close');
  expect((await told).slice(0, 2)).toEqual([0, 2 ** 31 - 1]);
  await closed;
});

test('one over which calls begin stays, and answers pings as long as it takes', async () => {
  const { port, kept } = await open();
  let calls: NodeJS.Timeout | undefined;
  onTestFinished(() => clearInterval(calls));
  const began = kept.then(({ session, watch }) => {
    calls = setInterval(watch, 1);
    return session;
  });
  const session = openSession(port);
  let told = false;
  session.on('goaway', () => {
    told = true;
  });
  let pings = 0;
  await new Promise<void>((resolve) => {
    session.on('ping', () => {
      pings += 1;
      if (pings === 8) resolve();
    });
  });
  expect([told, (await began).destroyed]).toEqual([false, false]);
  const closed = once(session, 'close');
  clearInterval(calls);
  await closed;
  expect(told).toBe(true);
});

test('a call that takes longer than all that is still answered', async () => {
  const { server, port } = await open();
  const begun = once(server, 'stream');
  const session = openSession(port);
  const told = once(session, 'goaway');
  const reply = rawRequest(session, {}, (stream) => stream.end());
  const [stream] = (await begun) as [ServerHttp2Stream];
  await told;
  stream.respond({ ':status': 200 });
  stream.end('answered');
  expect(String((await reply).body)).toBe('answered');
});
