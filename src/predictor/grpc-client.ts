/**
 * Calls a predictor over gRPC: a few kept-alive HTTP/2 connections, a timeout for each call, a
 * bound on what is read. Messages pass through as bytes.
 *
 * docs/decisions/0018 says why this stands on node:http2.
 */

import type { CallPredictor, PredictionAnswer, PredictionCall } from '../delivery/ports.ts';
import { AdapterError } from '../errors.ts';
import { collectGrpcAnswer, unreachable } from './grpc-answer.ts';
import {
  type GrpcConnection,
  type GrpcConnectionOptions,
  openGrpcConnection,
} from './grpc-connection.ts';
import { framed, isMetadata, messagePrefix, timeoutHeader } from './grpc-frame.ts';

export interface GrpcClientOptions extends GrpcConnectionOptions {
  /** Larger answers are refused. */
  readonly maxAnswerBytes: number;
  /** For messages: what says where the predictor is. */
  readonly setting?: string;
}

export interface GrpcClient {
  readonly call: CallPredictor;
  readonly close: () => Promise<void>;
}

/** Beyond the places of one connection, calls go to further ones, up to so many. */
const maxConnections = 8;
/** So small a message is sent in one piece with its prefix. */
const joinedBytes = 64 * 1024;

/** Makes a client; connections are opened as they are needed. */
export function createGrpcClient(options: GrpcClientOptions): GrpcClient {
  const { url, maxAnswerBytes, setting = 'PREDICTOR_URL' } = options;
  const base = url.pathname.replace(/\/$/, '');
  const address = `${url.protocol}//${url.host}${base}`;
  const connections = new Set<GrpcConnection>();
  let closed = false;

  const open = (): GrpcConnection => {
    const connection = openGrpcConnection(options, (ended) => connections.delete(ended));
    connections.add(connection);
    return connection;
  };

  /** One with a free place, a new one, or the one with the fewest calls. */
  const pick = (): GrpcConnection => {
    let best: GrpcConnection | undefined;
    for (const one of connections) {
      if (one.calls() < one.places()) return one;
      if (best === undefined || one.calls() < best.calls()) best = one;
    }
    return best === undefined || connections.size < maxConnections ? open() : best;
  };

  const begin = (headers: CallHeaders['headers'], where: string): Begun => {
    let connection: GrpcConnection | undefined;
    try {
      connection = pick();
      return { connection, stream: connection.request(headers) };
    } catch (error) {
      // Files of certificates that cannot be read, or a connection that ended this moment.
      connection?.destroy();
      throw unreachable(where, setting, error instanceof Error ? error : undefined);
    }
  };

  const send = async (call: PredictionCall): Promise<PredictionAnswer> => {
    const where = address + call.path;
    if (closed) throw unreachable(where, setting, new Error('the client is closed'));
    const { headers, contentType } = headersOf(call, base);
    const { connection, stream } = begin(headers, where);
    const answer = collectGrpcAnswer(stream, {
      where,
      setting,
      contentType,
      timeoutMs: call.timeoutMs,
      maxAnswerBytes,
      connected: connection.connected,
      fault: connection.fault,
      timedOut: connection.askForLife,
    });
    const { body } = call;
    if (body.byteLength <= joinedBytes) stream.end(framed(body));
    else {
      stream.write(messagePrefix(body.byteLength));
      stream.end(body);
    }
    return answer;
  };

  return {
    call: send,
    close: async () => {
      closed = true;
      for (const connection of [...connections]) connection.destroy();
    },
  };
}

interface Begun {
  readonly connection: GrpcConnection;
  readonly stream: ReturnType<GrpcConnection['request']>;
}

interface CallHeaders {
  readonly headers: Record<string, string | string[]>;
  readonly contentType: string | undefined;
}

function headersOf(call: PredictionCall, base: string): CallHeaders {
  const headers: Record<string, string | string[]> = {
    ':method': 'POST',
    ':path': base + call.path,
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': timeoutHeader(call.timeoutMs),
    'user-agent': 'seldon-eventing',
  };
  let contentType: string | undefined;
  for (let i = 0; i + 1 < call.headers.length; i += 2) {
    const name = (call.headers[i] ?? '').toLowerCase();
    const value = call.headers[i + 1] ?? '';
    if (name === 'content-type') contentType = value;
    else if (name === 'content-encoding') refuseEncoding(value);
    else if (isMetadata(name, value)) add(headers, name, value);
  }
  return { headers, contentType };
}

function add(headers: Record<string, string | string[]>, name: string, value: string): void {
  const there = headers[name];
  headers[name] = there === undefined ? value : [there, value].flat();
}

function refuseEncoding(encoding: string): void {
  if (/^(?:identity)?$/i.test(encoding)) return;
  throw new AdapterError(
    'PAYLOAD_UNSUPPORTED',
    `the payload has the content encoding ${JSON.stringify(encoding.slice(0, 50))}, which gRPC does not carry; send it without`,
  );
}
