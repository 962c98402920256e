/**
 * A copy of what went into a node or came out of it, as the CloudEvent that Seldon's payload logger
 * sends: request loggers, drift and outlier detectors are built on its type and attributes.
 */

import type { AttributeValue, Event } from '../event/event.ts';
import type { Identity } from '../event/names.ts';
import { protoNameAttribute } from '../event/proto-name.ts';
import { type Message, protobufType } from './message.ts';
import type { NodeLogger } from './node.ts';

export type PayloadKind = 'request' | 'response' | 'feedback';

const types: Readonly<Record<PayloadKind, string>> = {
  request: 'io.seldon.serving.inference.request',
  response: 'io.seldon.serving.inference.response',
  feedback: 'io.seldon.serving.feedback',
};

/** Whether a logger of this mode copies it; Seldon's sends feedback along with responses. */
export function isCopied(kind: PayloadKind, { mode }: NodeLogger): boolean {
  if (mode === 'all') return true;
  return (kind === 'request') === (mode === 'request');
}

export interface PayloadCopy {
  readonly kind: PayloadKind;
  readonly node: string;
  readonly message: Message;
  /** The id of the request that it belongs to. */
  readonly puid: string;
  /** Full name of the protobuf that it is; undefined where it is none. */
  readonly protoName?: string | undefined;
}

export interface CopyOptions {
  readonly identity: Identity;
  readonly protocol: string;
  /** A URI reference: Seldon gives its executor's own address. */
  readonly source: string;
}

/** @param time RFC 3339 */
export function copyEvent(
  { kind, node, message, puid, protoName }: PayloadCopy,
  { identity, protocol, source }: CopyOptions,
  id: string,
  time: string,
): Event {
  const attributes = new Map<string, AttributeValue>([
    ['time', time],
    ['requestid', puid],
    ['modelid', node],
    ['inferenceservicename', identity.sdep],
    ['namespace', identity.namespace],
    ['endpoint', identity.predictor],
    ['protocol', protocol],
  ]);
  if (protoName !== undefined) attributes.set(protoNameAttribute, protoName);
  return {
    specversion: '1.0',
    id,
    source,
    type: types[kind],
    // However the caller's protobuf called itself.
    datacontenttype: protoName === undefined ? message.contentType : protobufType,
    attributes,
    data: message.body,
  };
}
