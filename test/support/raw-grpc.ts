/** Callers over node:http2 that send what they like. */

import { Buffer } from 'node:buffer';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionOptions,
  connect,
  type IncomingHttpHeaders,
} from 'node:http2';
import { expect, onTestFinished } from 'vitest';
import { get, type TestAdapter } from './adapter.ts';
import { openGrpcClient } from './grpc-client.ts';
import { grpcAnswer } from './grpc-predictor.ts';

export const goodHeaders = {
  ':method': 'POST',
  ':path': '/seldon.protos.Seldon/Predict',
  'content-type': 'application/grpc',
  te: 'trailers',
};

export interface RawReply {
  /** The headers, and the trailers over them. */
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Whether the headers were all there was. */
  readonly trailersOnly: boolean;
  /** HTTP/2's code of how the stream ended. */
  readonly rstCode: number | undefined;
}

/** A connection of the running test. */
export function openSession(port: number, options: ClientSessionOptions = {}): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`, options);
  session.on('error', () => undefined);
  onTestFinished(() => session.destroy());
  return session;
}

/** One HTTP/2 request; `send` writes what it likes. */
export function rawRequest(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  send: (stream: ClientHttp2Stream) => void,
): Promise<RawReply> {
  return new Promise((resolve) => {
    const stream = session.request({ ...goodHeaders, ...headers });
    const chunks: Buffer[] = [];
    let all: IncomingHttpHeaders = {};
    let trailersOnly = false;
    stream.on('response', (received, flags) => {
      Object.assign(all, received);
      // END_STREAM.
      trailersOnly = flags % 2 === 1;
    });
    stream.on('trailers', (received) => {
      all = { ...all, ...received };
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => undefined);
    const done = (): void =>
      resolve({
        headers: all,
        body: Buffer.concat(chunks),
        trailersOnly,
        rstCode: stream.rstCode,
      });
    // The server may be done before we are.
    stream.on('end', () => setImmediate(done));
    stream.on('close', done);
    send(stream);
  });
}

/** One request over a connection of its own. */
export async function rawCall(
  port: number,
  headers: Record<string, string>,
  send: (stream: ClientHttp2Stream) => void,
): Promise<RawReply> {
  const session = openSession(port);
  const reply = await rawRequest(session, headers, send);
  session.destroy();
  return reply;
}

/** The message that tests send, alone and in its frame. */
export const goodMessage = Buffer.from([8, 1]);
export const goodFrame = framedAs(0, goodMessage);

/** What callers do to an adapter's gRPC server, and whether it is well after it. */
export const callersOf = (adapter: Pick<TestAdapter, 'grpcPort' | 'url'>) => ({
  call: (headers: Record<string, string>, body: Uint8Array = goodFrame): Promise<RawReply> =>
    rawCall(adapter.grpcPort, headers, (stream) => stream.end(body)),
  isWell: async (): Promise<void> => {
    const answer = await openGrpcClient(adapter.grpcPort)(goodHeaders[':path'], goodMessage);
    expect([answer.status, answer.message]).toEqual(['OK', grpcAnswer]);
    expect((await get(`${adapter.url}/livez`)).status).toBe(200);
  },
});

/** A message with its prefix; `flag` says whether it is compressed. */
export function framedAs(flag: number, message: Uint8Array): Buffer {
  const prefix = Buffer.from([flag, 0, 0, 0, 0]);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
