/** The connection to a predictor over gRPC: kept alive, made anew, secured; and peers that misbehave. */

import { Buffer } from 'node:buffer';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type Answer,
  ceHeaders,
  eventually,
  get,
  openAdapter,
  send,
} from '../../support/adapter.ts';
import { createAuthority } from '../../support/certificates.ts';
import { grpcAnswer, openGrpcPredictor } from '../../support/grpc-predictor.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';

const headers = ceHeaders({
  'content-type': 'application/x-protobuf',
  'ce-protoname': 'seldon.protos.SeldonMessage',
});
const body = Buffer.from([8, 1]);
const predict = (url: string, message: Uint8Array = body): Promise<Answer> =>
  send(url, { headers, body: message });
const codeOf = async (answer: Promise<Answer>): Promise<unknown> => (await answer).json()['code'];
const isReady = async (url: string): Promise<boolean> =>
  (await get(`${url}/readyz`)).status === 200;

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe('the connection', () => {
  test('is one for all calls, however many run at once', async () => {
    const predictor = await openGrpcPredictor();
    const peers = new Set<string>();
    predictor.answer = (_call, reply, raw) => {
      peers.add(raw.getPeer());
      setTimeout(() => reply(null, grpcAnswer), 20);
    };
    const { url } = await openAdapter({ PREDICTOR_URL: predictor.url });
    const answers = await Promise.all(Array.from({ length: 40 }, () => predict(url)));
    expect(answers.every((answer) => answer.body.equals(grpcAnswer))).toBe(true);
    expect(peers.size).toBe(1);
  });

  test('a server that takes few streams at once is called over several', async () => {
    const predictor = await openGrpcPredictor({ server: { 'grpc.max_concurrent_streams': 2 } });
    predictor.answer = (_call, reply) => void setTimeout(() => reply(null, grpcAnswer), 20);
    const { url } = await openAdapter({ PREDICTOR_URL: predictor.url });
    expect((await predict(url)).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 60 }, () => predict(url)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 60 }, () => 200));
  });

  test('is made anew after the server was gone, and readiness follows', async () => {
    const predictor = await openGrpcPredictor();
    const { url } = await openAdapter({ PREDICTOR_URL: predictor.url, REQUEST_TIMEOUT_MS: '500' });
    await eventually(() => isReady(url));
    const { port } = predictor;
    predictor.stop();
    await eventually(async () => !(await isReady(url)));
    expect(await codeOf(predict(url))).toBe('PREDICTOR_UNREACHABLE');
    await predictor.start(port);
    await eventually(() => isReady(url));
    expect((await predict(url)).status).toBe(200);
  });

  test('that the server lets go of again and again costs no call', async () => {
    const predictor = await openGrpcPredictor({
      server: { 'grpc.max_connection_age_ms': 100, 'grpc.max_connection_age_grace_ms': 2_000 },
    });
    const peers = new Set<string>();
    predictor.answer = (_call, reply, raw) => {
      peers.add(raw.getPeer());
      reply(null, grpcAnswer);
    };
    const { url } = await openAdapter({ PREDICTOR_URL: predictor.url });
    const statuses = new Set<number>();
    const work = async (): Promise<void> => {
      while (peers.size < 5) statuses.add((await predict(url)).status);
    };
    await Promise.all(Array.from({ length: 4 }, work));
    expect([...statuses]).toEqual([200]);
  });

  test('that is cut while a call is under way fails that call, once, and no other', async () => {
    const predictor = await openGrpcPredictor();
    const proxy = await startTcpProxy(new URL(predictor.url.replace('grpc', 'http')));
    onTestFinished(proxy.close);
    const { url } = await openAdapter({ PREDICTOR_URL: `grpc://127.0.0.1:${proxy.port}` });
    predictor.answer = () => void proxy.cut();
    expect(await codeOf(predict(url))).toBe('PREDICTOR_FAILED');
    expect(predictor.calls.length).toBe(1);
    predictor.answer = (_call, reply) => reply(null, grpcAnswer);
    expect((await predict(url)).status).toBe(200);
  });

  test('whose peer vanished without a word is given up: later calls get another', async () => {
    const predictor = await openGrpcPredictor();
    const deaf = new Set<Socket>();
    const sockets = new Set<Socket>();
    const proxy = createServer((near) => {
      const far = connect(predictor.port, '127.0.0.1');
      const pass = (from: Socket, to: Socket): void => {
        sockets.add(from);
        from.on('error', () => undefined);
        from.on('data', (data) => void (deaf.has(from) || to.write(data)));
      };
      pass(near, far);
      pass(far, near);
    });
    const port = await listen(proxy);
    onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
    const { url } = await openAdapter({
      PREDICTOR_URL: `grpc://127.0.0.1:${port}`,
      REQUEST_TIMEOUT_MS: '300',
      READINESS_INTERVAL_MS: '60000',
    });
    expect((await predict(url)).status).toBe(200);
    for (const socket of sockets) deaf.add(socket);
    expect(await codeOf(predict(url))).toBe('DEADLINE_EXCEEDED');
    await eventually(async () => (await predict(url)).status === 200);
  });

  test('large messages pass whole, both ways', async () => {
    const predictor = await openGrpcPredictor();
    predictor.answer = (call, reply) => reply(null, call.message);
    const { url } = await openAdapter({ PREDICTOR_URL: predictor.url });
    const large = Buffer.alloc(5 * 1024 * 1024, 'abcdefg');
    const answers = await Promise.all(Array.from({ length: 8 }, () => predict(url, large)));
    expect(answers.every((answer) => answer.body.equals(large))).toBe(true);
  });

  test("the server's limit on messages is the message's fault", async () => {
    const predictor = await openGrpcPredictor({
      server: { 'grpc.max_receive_message_length': 100 },
    });
    const { url } = await openAdapter({ PREDICTOR_URL: predictor.url });
    const answer = await predict(url, Buffer.alloc(101));
    expect(answer.json()).toMatchObject({ status: 413, code: 'PREDICTOR_REFUSED' });
  });
});

describe('TLS', () => {
  const authority = createAuthority('predictor-ca');
  const server = authority.issue({ name: 'model', hosts: ['127.0.0.1', 'localhost'] });
  const client = authority.issue({ name: 'adapter' });
  /** Where the running test's files go. */
  const newFolder = async (): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'grpc-tls-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    return folder;
  };
  const open = (checkClient: boolean) =>
    openGrpcPredictor({
      credentials: ServerCredentials.createSsl(
        Buffer.from(authority.certPem),
        [{ private_key: Buffer.from(server.keyPem), cert_chain: Buffer.from(server.certPem) }],
        checkClient,
      ),
    });

  test('with a private authority, and with a certificate of our own', async () => {
    const folder = await newFolder();
    const file = async (name: string, content: string): Promise<string> => {
      await writeFile(join(folder, name), content);
      return join(folder, name);
    };
    const ca = await file('ca.pem', authority.certPem);
    const [plain, mutual] = [await open(false), await open(true)];
    const settings = { PREDICTOR_TLS_CA_FILE: ca, REQUEST_TIMEOUT_MS: '2000' };
    const one = await openAdapter({
      ...settings,
      PREDICTOR_URL: `grpcs://127.0.0.1:${plain.port}`,
    });
    expect((await predict(one.url)).body).toEqual(grpcAnswer);
    const PREDICTOR_URL = `grpcs://localhost:${mutual.port}`;
    const without = await openAdapter({ ...settings, PREDICTOR_URL });
    expect((await predict(without.url)).status).toBe(502);
    const shown = await openAdapter({
      ...settings,
      PREDICTOR_URL,
      PREDICTOR_TLS_CERT_FILE: await file('client.pem', client.certPem),
      PREDICTOR_TLS_KEY_FILE: await file('client.key', client.keyPem),
    });
    expect((await predict(shown.url)).body).toEqual(grpcAnswer);
  });

  test('the same files are for a predictor over REST', async () => {
    const ca = join(await newFolder(), 'ca.pem');
    const secure = createHttpsServer({ key: server.keyPem, cert: server.certPem }, (_req, res) =>
      res.setHeader('content-type', 'application/json').end('{"answer":1}'),
    );
    const settings = {
      PREDICTOR_URL: `https://127.0.0.1:${await listen(secure)}`,
      REQUEST_TIMEOUT_MS: '1000',
      // The next call is to find out, not a probe some time later.
      CIRCUIT_BREAKER: 'false',
    };
    const event = { headers: ceHeaders(), body: '{"data":{}}' };
    const without = await openAdapter(settings);
    expect(await codeOf(send(without.url, event))).toBe('PREDICTOR_UNREACHABLE');
    const { url } = await openAdapter({ ...settings, PREDICTOR_TLS_CA_FILE: ca });
    const missing = await send(url, event);
    expect(missing.text).toContain('PREDICTOR_TLS_CA_FILE');
    // It is read for every connection: what was missing may come.
    await writeFile(ca, authority.certPem);
    expect((await send(url, event)).text).toBe('{"answer":1}');
  });

  test('a certificate that nobody we trust has signed is refused, and told', async () => {
    const plain = await open(false);
    const { url } = await openAdapter({
      PREDICTOR_URL: `grpcs://127.0.0.1:${plain.port}`,
      REQUEST_TIMEOUT_MS: '1000',
    });
    const answer = await predict(url);
    expect(answer.json()).toMatchObject({
      code: 'PREDICTOR_UNREACHABLE',
      detail: expect.stringMatching(/certificate/),
    });
    expect(plain.calls).toEqual([]);
  });
});

describe('a peer that is no gRPC server', () => {
  const adapterFor = (port: number) =>
    openAdapter({ PREDICTOR_URL: `grpc://127.0.0.1:${port}`, REQUEST_TIMEOUT_MS: '1000' });

  test('speaks HTTP/1.1', async () => {
    const server = createHttpServer((_request, response) => response.end('hello'));
    const { url } = await adapterFor(await listen(server));
    const answer = await predict(url);
    expect(answer.status).toBe(502);
    expect(await isReady(url)).toBe(false);
  });

  test('sends garbage', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write(Buffer.alloc(1_000, 0xa5));
    });
    const { url } = await adapterFor(await listen(server));
    expect((await predict(url)).status).toBe(502);
  });

  test('takes the connection and says nothing', async () => {
    const server = createServer((socket) => void socket.on('error', () => undefined));
    const { url } = await adapterFor(await listen(server));
    expect(await codeOf(predict(url))).toBe('DEADLINE_EXCEEDED');
  });

  test('takes the connection and says nothing: it cannot be reached, once the time to connect is up', async () => {
    const server = createServer((socket) => void socket.on('error', () => undefined));
    const { url } = await openAdapter({
      PREDICTOR_URL: `grpc://127.0.0.1:${await listen(server)}`,
      CONNECT_TIMEOUT_MS: '200',
      REQUEST_TIMEOUT_MS: '20000',
      CALL_RETRIES: '0',
    });
    const { code, detail } = (await predict(url)).json();
    expect(code).toBe('PREDICTOR_UNREACHABLE');
    expect(detail).toContain('CONNECT_TIMEOUT_MS');
  });

  const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
  const ok = { 'grpc-status': '0' };
  type Misbehaviour = (stream: ServerHttp2Stream) => void;
  const answering =
    (body: Uint8Array, trailers: Record<string, string> = ok): Misbehaviour =>
    (stream) => {
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc' },
        { waitForTrailers: true },
      );
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      stream.end(body);
    };
  const misbehaviours: readonly (readonly [string, string, Misbehaviour])[] = [
    ['speaks HTTP/2 alone', 'PREDICTOR_ANSWER_UNUSABLE', (stream) => stream.end('<html>')],
    [
      'answers 404 in HTTP',
      'PREDICTOR_MISCONFIGURED',
      (stream) => {
        stream.respond({ ':status': 404 });
        stream.end('not here');
      },
    ],
    [
      'answers 503 in HTTP',
      'PREDICTOR_BUSY',
      (stream) => stream.respond({ ':status': 503 }, { endStream: true }),
    ],
    ['resets the stream', 'PREDICTOR_FAILED', (stream) => stream.close(2)],
    ['sends no message', 'PREDICTOR_ANSWER_UNUSABLE', answering(bytes(''))],
    ['sends half a prefix', 'PREDICTOR_ANSWER_UNUSABLE', answering(bytes('\0\0'))],
    ['sends less than it says', 'PREDICTOR_ANSWER_UNUSABLE', answering(bytes('\0\0\0\0\x09ab'))],
    ['sends more than it says', 'PREDICTOR_ANSWER_UNUSABLE', answering(bytes('\0\0\0\0\x01abc'))],
    [
      'sends a compressed message',
      'PREDICTOR_ANSWER_UNUSABLE',
      answering(bytes('\x01\0\0\0\x01a')),
    ],
    [
      'sends a status that is none',
      'PREDICTOR_FAILED',
      answering(bytes(''), { 'grpc-status': 'x' }),
    ],
    ['sends an unknown status', 'PREDICTOR_FAILED', answering(bytes(''), { 'grpc-status': '99' })],
    [
      'sends a broken message text',
      'PREDICTOR_REFUSED',
      answering(bytes(''), { 'grpc-status': '3', 'grpc-message': '%zz%' }),
    ],
  ];
  test.each(misbehaviours)('%s: %s', async (_what, code, misbehave) => {
    const server = createHttp2Server();
    server.on('stream', (stream) => {
      stream.on('error', () => undefined);
      misbehave(stream);
    });
    const { url } = await adapterFor(await listen(server));
    expect(await codeOf(predict(url))).toBe(code);
  });
});
