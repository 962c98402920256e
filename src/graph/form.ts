/**
 * How the messages of a graph are written: JSON over REST, protobufs over gRPC. The walk hands bytes on,
 * and asks this where something in them must be read or changed.
 */

import { Buffer } from 'node:buffer';
import type { ProtocolName } from '../inference/protocol.ts';
import { average, simpleAnswer } from './built-in.ts';
import { chained } from './chain.ts';
import { jsonType, type Message, type Unit } from './message.ts';
import { emptyMeta, type Meta, readMeta, writeMeta } from './meta.ts';
import type { GraphNode } from './node.ts';
import { indexInJson } from './route.ts';

export interface MessageForm {
  /** The meta in a message; empty where it has none, or none can be read. */
  readonly readMeta: (body: Uint8Array) => Meta;
  /** The message with this meta instead of its own. */
  readonly writeMeta: (body: Uint8Array, meta: Meta) => Uint8Array;
  /**
   * The message as a node takes it.
   * @param from who answered it; undefined: it is the caller's own request, for the node to judge
   * @throws AdapterError PREDICTOR_ANSWER_UNUSABLE where the next node cannot be asked with it
   */
  readonly requestTo: (to: GraphNode, message: Message, from: GraphNode | undefined) => Message;
  /** The number that a router answered; undefined where there is none. */
  readonly indexIn: (body: Uint8Array) => number | undefined;
  /** The answers of several children as a combiner takes them. */
  readonly listOf: (messages: readonly Message[]) => Message;
  /** What SIMPLE_MODEL answers. */
  readonly simpleAnswer: Message;
  /** What AVERAGE_COMBINER answers. @throws AdapterError PREDICTOR_ANSWER_UNUSABLE */
  readonly average: (unit: Unit, messages: readonly Message[]) => Message;
}

export const jsonForm = (protocol: ProtocolName): MessageForm => ({
  // Only Seldon's own messages have a `meta`.
  readMeta: protocol === 'seldon' ? readMeta : () => emptyMeta,
  writeMeta: protocol === 'seldon' ? writeMeta : (body) => body,
  requestTo: (_to, message, from) =>
    from === undefined ? message : chained(protocol, message, from),
  indexIn: indexInJson,
  listOf,
  simpleAnswer,
  average,
});

/** A JSON list. */
function listOf(messages: readonly Message[]): Message {
  const comma = Buffer.from(',');
  const parts = messages.flatMap(({ body }, i) => (i === 0 ? [body] : [comma, body]));
  return {
    body: Buffer.concat([Buffer.from('['), ...parts, Buffer.from(']')]),
    contentType: messages[0]?.contentType ?? jsonType,
    contentEncoding: undefined,
  };
}
