/** Our client of predictors against other HTTP/2 servers, and against bytes that are hardly any. */

import { Buffer } from 'node:buffer';
import {
  constants,
  createServer as createHttp2Server,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { defaultFrameBytes, flag, frameType, preface } from '../../../src/http2/frame.ts';
import { FrameReader } from '../../../src/http2/frame-reader.ts';
import { encodeFields } from '../../../src/http2/hpack/encoder.ts';
import { createGrpcClient } from '../../../src/predictor/grpc-client.ts';
import { noTlsFiles } from '../../../src/predictor/tls-files.ts';
import { ceHeaders, openAdapter, send } from '../../support/adapter.ts';
import {
  answerHead,
  dataFrame,
  frameOf,
  headersFrame,
  patternOf,
  settingsFrame,
  uint32,
} from '../../unit/http2/peer.ts';

const headers = ceHeaders({
  'content-type': 'application/x-protobuf',
  'ce-protoname': 'seldon.protos.SeldonMessage',
});
const predict = (url: string, body: Uint8Array) => send(url, { headers, body });

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** Answers each message with itself, and with trailers. */
function echo(stream: ServerHttp2Stream): void {
  const chunks: Buffer[] = [];
  stream.on('error', () => undefined);
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => {
    if (stream.destroyed) return;
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'x-long': 'v'.repeat(3_000) },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.concat(chunks));
  });
}

describe("node's own server", () => {
  const kinds: readonly (readonly [string, ServerOptions])[] = [
    ['as it comes', {}],
    ['that pads as much as it can', { paddingStrategy: constants.PADDING_STRATEGY_MAX }],
    ['with windows of 1,000 bytes', { settings: { initialWindowSize: 1_000 } }],
    ['that takes frames of 1 MiB', { settings: { maxFrameSize: 1024 * 1024 } }],
    ['that takes three streams at once', { settings: { maxConcurrentStreams: 3 } }],
    ['without a table of headers', { settings: { headerTableSize: 0 } }],
  ];
  test.each(kinds)(
    '%s: messages of all sizes come back whole, many at once',
    async (_, options) => {
      const server = createHttp2Server(options);
      server.on('stream', echo);
      const { url } = await openAdapter({
        PREDICTOR_URL: `grpc://127.0.0.1:${await listen(server)}`,
        MAX_CONCURRENCY: '32',
      });
      const messages = [1, 100, 5_000, 16_379, 16_384, 70_000, 300_000, 900_000].flatMap(
        (bytes, index) => [patternOf(bytes, index), patternOf(bytes, index + 100)],
      );
      const answers = await Promise.all(messages.map((message) => predict(url, message)));
      expect(answers.map(({ status }) => status)).toEqual(messages.map(() => 200));
      expect(answers.every(({ body }, index) => messages[index]?.equals(body))).toBe(true);
    },
  );
});

const statusOk = encodeFields(['grpc-status', '0']);
const goodAnswer = (id: number): Buffer =>
  Buffer.concat([
    headersFrame(id, answerHead),
    dataFrame(id, Buffer.from([0, 0, 0, 0, 1, 65])),
    headersFrame(id, statusOk, flag.endHeaders | flag.endStream),
  ]);

describe('bytes that are hardly HTTP/2 fail their call alone', () => {
  const protocol = 'PREDICTOR_FAILED';
  const cut = 'PREDICTOR_UNREACHABLE';
  const trailers = headersFrame(1, encodeFields(['a', 'b']), flag.endHeaders | flag.endStream);
  const endless: Buffer[] = Array.from({ length: 100 }, () => frameOf(9, 0, 1, Buffer.alloc(500)));
  const cases: readonly (readonly [string, readonly Buffer[], string])[] = [
    ['a push', [settingsFrame(), frameOf(5, 4, 1, uint32(2))], protocol],
    [
      'a header block without end',
      [settingsFrame(), headersFrame(1, answerHead, 0), ...endless],
      protocol,
    ],
    [
      'a header block that decodes to nothing',
      [settingsFrame(), headersFrame(1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))],
      protocol,
    ],
    [
      'a header block that decodes to megabytes',
      [
        settingsFrame(),
        headersFrame(
          1,
          Buffer.concat([
            Buffer.from([0x40, 1, 97, 0x7f, 0x81, 0x1e]),
            Buffer.alloc(4_000, 98),
            Buffer.alloc(4_000, 0xbe),
          ]),
        ),
      ],
      protocol,
    ],
    [
      'data beyond every window',
      [
        settingsFrame(),
        headersFrame(1, answerHead),
        ...Array.from({ length: 2_000 }, () => dataFrame(1, Buffer.alloc(16_384))),
      ],
      'PREDICTOR_ANSWER_UNUSABLE',
    ],
    ['an answer to another call', [settingsFrame(), headersFrame(9, answerHead)], protocol],
    [
      'a frame of 16 MiB',
      [settingsFrame(), Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1])],
      protocol,
    ],
    ['trailers without a head', [settingsFrame(), trailers], 'PREDICTOR_ANSWER_UNUSABLE'],
    ['a reset with an unknown code', [settingsFrame(), frameOf(3, 0, 1, uint32(0xdead))], protocol],
    ['a goodbye before it looked', [settingsFrame(), frameOf(7, 0, 0, uint32(0, 0))], cut],
    ['TLS', [Buffer.from([21, 3, 3, 0, 2, 2, 40])], cut],
    ['a line of text', [Buffer.from('220 mail.example ESMTP ready\r\n')], cut],
  ];

  test.each(cases)('%s', async (_, said, code) => {
    let calls = 0;
    const server = createServer((socket) => {
      let unread = preface.length;
      const reader = new FrameReader(
        {
          frame: (type, _flags, id) => {
            if (type !== frameType.headers) return;
            calls += 1;
            if (id === 1 && calls > 1) socket.write(settingsFrame());
            socket.write(calls === 1 ? Buffer.concat(said) : goodAnswer(id));
          },
        },
        defaultFrameBytes,
      );
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        reader.read(chunk.subarray(Math.min(unread, chunk.length)));
        unread -= Math.min(unread, chunk.length);
      });
    });
    const client = createGrpcClient({
      url: new URL(`grpc://127.0.0.1:${await listen(server)}`),
      connectTimeoutMs: 2_000,
      tls: noTlsFiles,
      maxAnswerBytes: 1_000_000,
    });
    onTestFinished(client.close);
    const call = { path: '/x/Y', headers: [], body: Buffer.alloc(0), timeoutMs: 20_000 };
    await expect(client.call(call)).rejects.toMatchObject({ code });
    const answer = await client.call(call);
    expect([answer.status, Buffer.from(answer.body).toString()]).toEqual([200, 'A']);
  });
});
