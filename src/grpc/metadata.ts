/** Metadata of calls: what goes on to the predictor, and what comes back to the caller. */

import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';

const puidName = 'seldon-puid';

export interface CallMetadata {
  readonly puid: string;
  /** Alternating names and values for the predictor; `-bin` values in base64, as on the wire. */
  readonly headers: string[];
  /** What of it the caller gets back. */
  readonly reply: Record<string, string>;
}

/** A caller without a puid gets a fresh one: an ordinary request has nothing to derive it from. */
export function readMetadata(rawHeaders: readonly string[]): CallMetadata {
  const headers: string[] = [];
  const reply: Record<string, string> = {};
  let puid = '';
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const value = rawHeaders[i + 1] ?? '';
    if (isTransport(name)) continue;
    if (name === puidName) {
      if (puid === '') puid = value;
      continue;
    }
    if (name.endsWith('-bin')) addBinary(headers, name, value);
    else headers.push(name, value);
    if (name === 'traceparent' || name === 'tracestate') reply[name] ??= value;
  }
  if (puid === '') puid = randomUUID();
  headers.push(puidName, puid);
  return { puid, headers, reply };
}

/** Of HTTP and of gRPC itself: said again, otherwise, on the way to the predictor. */
const isTransport = (name: string): boolean =>
  name.startsWith(':') ||
  name === 'content-type' ||
  name === 'te' ||
  name === 'accept-encoding' ||
  name.startsWith('grpc-');

/** Several values may stand in one; what is no base64 some servers refuse the whole call for. */
function addBinary(headers: string[], name: string, values: string): void {
  for (const value of values.split(',')) {
    headers.push(name, Buffer.from(value.trim(), 'base64').toString('base64'));
  }
}

/** Adds the prediction's puid to what the caller gets back. */
export function setPuid(reply: Record<string, string>, puid: string): void {
  reply[puidName] = puid;
}
