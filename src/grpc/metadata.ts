/** Metadata of calls: what goes on to the predictor, and what comes back to the caller. */

import { randomUUID } from 'node:crypto';
import { Metadata } from '@grpc/grpc-js';

const puidName = 'seldon-puid';
const traceNames = ['traceparent', 'tracestate'] as const;

export interface CallMetadata {
  readonly puid: string;
  /** Alternating names and values for the predictor; `-bin` values in base64, as on the wire. */
  readonly headers: string[];
  /** What of it the caller gets back. */
  readonly reply: Metadata;
}

/** A caller without a puid gets a fresh one: an ordinary request has nothing to derive it from. */
export function readMetadata(metadata: Metadata): CallMetadata {
  const headers: string[] = [];
  const reply = new Metadata();
  let puid = '';
  const all = metadata.toJSON();
  for (const name of Object.keys(all)) {
    const values = all[name] ?? [];
    if (name === puidName) puid = String(values[0] ?? '');
    else for (const value of values) headers.push(name, textOf(value));
  }
  for (const name of traceNames) {
    const value = all[name]?.[0];
    if (value !== undefined) reply.set(name, value);
  }
  if (puid === '') puid = randomUUID();
  headers.push(puidName, puid);
  return { puid, headers, reply };
}

const textOf = (value: string | Buffer): string =>
  typeof value === 'string' ? value : value.toString('base64');

/** Adds the prediction's puid to what the caller gets back. */
export const setPuid = (reply: Metadata, puid: string): void => reply.set(puidName, puid);
