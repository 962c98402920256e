/** A caller over gRPC: @grpc/grpc-js, messages as bytes. */

import type { Buffer } from 'node:buffer';
import {
  type ChannelOptions,
  Client,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';

export interface GrpcAnswer {
  /** Such as `OK`. */
  readonly status: string;
  readonly details: string;
  readonly message: Buffer | undefined;
  /** Initial metadata, and trailers. */
  readonly metadata: Metadata;
  readonly trailers: Metadata;
}

export interface CallOptions {
  readonly metadata?: Readonly<Record<string, string | Buffer>>;
  readonly timeoutMs?: number;
}

export type CallGrpc = (
  path: string,
  message: Uint8Array,
  options?: CallOptions,
) => Promise<GrpcAnswer>;

const asItIs = (bytes: Buffer): Buffer => bytes;

/** A client of its own for the running test. */
export function openGrpcClient(port: number, options: ChannelOptions = {}): CallGrpc {
  const { call, close } = createGrpcClient(port, options);
  onTestFinished(close);
  return call;
}

export function createGrpcClient(
  port: number,
  options: ChannelOptions = {},
): { call: CallGrpc; close: () => void } {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': -1,
    ...options,
  });
  const call: CallGrpc = (path, message, { metadata = {}, timeoutMs = 20_000 } = {}) =>
    new Promise((resolve) => {
      const sent = new Metadata();
      for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
      let initial = new Metadata();
      let trailers = new Metadata();
      let reply: Buffer | undefined;
      const made = client.makeUnaryRequest(
        path,
        asItIs,
        asItIs,
        message as Buffer,
        sent,
        { deadline: Date.now() + timeoutMs },
        (_error: ServiceError | null, value?: Buffer) => {
          reply = value;
        },
      );
      made.on('metadata', (received) => {
        initial = received;
      });
      made.on('status', (told) => {
        ({ metadata: trailers } = told);
        setImmediate(() =>
          resolve({
            status: status[told.code] ?? String(told.code),
            details: told.details,
            message: reply,
            metadata: initial,
            trailers,
          }),
        );
      });
    });
  return { call, close: () => client.close() };
}
