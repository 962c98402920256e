/** What goes from node to node: bytes, and what they are. */

import type { GraphNode } from './node.ts';
import type { Steps } from './steps.ts';

export interface Message {
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
  /** Of a caller's own request only: nodes are asked for none. */
  readonly contentEncoding: string | undefined;
}

/** What a node answered, whatever its status. */
export interface NodeAnswer {
  readonly status: number;
  /** How gRPC calls its status where it is not OK. */
  readonly statusName?: string | undefined;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly puid: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly body: Uint8Array;
  /** For messages: which node it was, and where it is called. */
  readonly where?: string;
}

/** A node and what is done at it, worked out once. */
export interface Unit {
  readonly node: GraphNode;
  readonly steps: Steps;
  /** The share of the first of two children, for RANDOM_ABTEST. */
  readonly ratioA: number;
  readonly image: string | undefined;
  readonly children: readonly Unit[];
}

/** For messages: a node by its name and, where it is called, its address. */
export function whereOf({ name, endpoint }: GraphNode): string {
  if (endpoint === undefined) return `node "${name}"`;
  const { host, transport, grpcPort, restPort } = endpoint;
  return `node "${name}" (${host}:${transport === 'grpc' ? grpcPort : restPort})`;
}

export const jsonType = 'application/json';
export const protobufType = 'application/x-protobuf';
