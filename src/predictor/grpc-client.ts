/**
 * Calls a predictor over gRPC: a few kept-alive HTTP/2 connections, a timeout for each call, a
 * bound on what is read. Messages pass through as bytes.
 *
 * docs/decisions/0033 says why this does not stand on node:http2.
 */

import type { CallPredictor, PredictionAnswer, PredictionCall } from '../delivery/ports.ts';
import { framed } from '../inference/grpc-frame.ts';
import { GrpcAnswer, unreachable } from './grpc-answer.ts';
import {
  type GrpcConnection,
  type GrpcConnectionOptions,
  openGrpcConnection,
} from './grpc-connection.ts';
import { createGrpcHead } from './grpc-head.ts';

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
/** Makes a client; connections are opened as they are needed. */
export function createGrpcClient(options: GrpcClientOptions): GrpcClient {
  const { url, maxAnswerBytes, setting = 'PREDICTOR_URL' } = options;
  const address = `${url.protocol}//${url.host}${url.pathname.replace(/\/$/, '')}`;
  const headOf = createGrpcHead(url);
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

  const connectionFor = (where: string): GrpcConnection => {
    try {
      return pick();
    } catch (error) {
      // Files of certificates that cannot be read.
      throw unreachable(where, setting, error instanceof Error ? error : undefined);
    }
  };

  const send = (call: PredictionCall): Promise<PredictionAnswer> => {
    const where = address + call.path;
    if (closed) throw unreachable(where, setting, new Error('the client is closed'));
    const { block, contentType } = headOf(call.path, call.timeoutMs, call.headers);
    const connection = connectionFor(where);
    return new Promise((resolve, reject) => {
      const options = { where, setting, contentType, timeoutMs: call.timeoutMs, maxAnswerBytes };
      const answer = new GrpcAnswer(connection, options, resolve, reject);
      answer.stream = connection.begin(block, framed(call.body), answer);
    });
  };

  return {
    call: (call) => {
      try {
        return send(call);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    close: async () => {
      closed = true;
      for (const connection of [...connections]) connection.destroy();
    },
  };
}
