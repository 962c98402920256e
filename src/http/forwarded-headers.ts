/** Which of a request's headers go on to the predictor. */

import { traceHeaderNames } from '../delivery/trace-headers.ts';

/** Of one connection, or ours to set: RFC 9110 §7.6.1. */
const notForwarded = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
  'content-length',
  'content-type',
  'seldon-puid',
]);

/** Describe the body or the trace: what an event's prediction needs besides its payload. */
const forwardedWithEvents: readonly string[] = ['content-encoding', ...traceHeaderNames];

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Full name of the protobuf message that the body is, where the request says it. */
export function protoNameOfRequest(headers: Headers): string | undefined {
  const name = headers['proto-name'];
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** @returns alternating names and values for the prediction of an event */
export function headersForEvent(headers: Headers): string[] {
  const result: string[] = [];
  for (const name of forwardedWithEvents) {
    const value = headers[name];
    if (typeof value === 'string') result.push(name, value);
  }
  return result;
}

/**
 * An ordinary prediction request goes on with all its headers, as Seldon's executor does it.
 * @param rawHeaders Node's alternating list; `Connection` names further headers to leave out
 */
export function headersForPlainRequest(rawHeaders: readonly string[], headers: Headers): string[] {
  const named = headers['connection'];
  const dropped = typeof named === 'string' ? named.toLowerCase().split(/\s*,\s*/) : [];
  const result: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? '';
    if (notForwarded.has(name) || dropped.includes(name)) continue;
    result.push(name, rawHeaders[i + 1] ?? '');
  }
  return result;
}
