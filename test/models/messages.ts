/** The servers' protobufs, and the ways in which a caller sends them to the adapter. */

import type { Buffer } from 'node:buffer';
import type { MethodDefinition } from '@grpc/proto-loader';
import { loadProtos } from '../../src/grpc/protos/load.ts';
import { ceHeaders } from '../support/adapter.ts';

export interface GrpcMethod {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly encode: (request: object) => Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: what a test looks at in it is its own affair
  readonly decode: (reply: Uint8Array | undefined) => any;
}

/** A method of a protocol's public layout. */
export function methodOf(protocol: 'seldon' | 'v2', service: string, name: string): GrpcMethod {
  const definition = loadProtos(protocol)[service] as unknown as Readonly<
    Record<string, MethodDefinition<object, object>>
  >;
  const method = definition[name];
  if (method === undefined) throw new Error(`${service} has no ${name}`);
  return {
    path: method.path,
    encode: method.requestSerialize,
    decode: (reply) => method.responseDeserialize(reply as Buffer),
  };
}

export const protobuf = 'application/x-protobuf';

/** An event whose data is the protobuf of this name. */
export const protobufEvent = (protoName: string) =>
  ceHeaders({ 'content-type': protobuf, 'ce-protoname': protoName });

/** The context attributes among an answer's headers, by name. */
export const attributesIn = (headers: Readonly<Record<string, unknown>>): string[] =>
  Object.keys(headers)
    .filter((name) => name.startsWith('ce-'))
    .sort();

/** All that a reply event to {@link ceHeaders} has: nothing of the predictor's own. */
export const replyAttributes = [
  'ce-causationid',
  'ce-correlationid',
  'ce-id',
  'ce-source',
  'ce-specversion',
  'ce-time',
  'ce-type',
];
