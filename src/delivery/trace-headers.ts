/** The headers that tie a prediction to the request it was made for: W3C Trace Context, Zipkin's B3. */

import type { Event } from '../event/event.ts';
import type { Trace } from '../event/reply.ts';
import { headerOf } from './header-list.ts';

export const traceHeaderNames: ReadonlySet<string> = new Set([
  'traceparent',
  'tracestate',
  'x-request-id',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
]);

/** What an HTTP header value may hold: visible ASCII and inner spaces (RFC 9110 §5.5). */
const httpSafe = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** @returns whether HTTP can carry `text` as a header value */
export const isHttpSafe = (text: string): boolean => httpSafe.test(text);

/**
 * Adds the event's tracing extension to `headers` (alternating names and values) where the
 * transport brought no trace of its own.
 */
export function addEventTrace(headers: string[], event: Event): void {
  const parent = event.attributes.get('traceparent');
  if (typeof parent !== 'string' || headers.includes('traceparent') || !isHttpSafe(parent)) return;
  headers.push('traceparent', parent);
  const state = event.attributes.get('tracestate');
  if (typeof state === 'string' && isHttpSafe(state)) headers.push('tracestate', state);
}

/**
 * @param headers alternating names and values, names in lower case
 * @returns the trace that the transport brought; undefined where it brought none
 */
export function transportTrace(headers: readonly string[]): Trace | undefined {
  const traceparent = headerOf(headers, 'traceparent');
  if (traceparent === undefined || !isHttpSafe(traceparent)) return undefined;
  const tracestate = headerOf(headers, 'tracestate');
  const isSafe = tracestate !== undefined && isHttpSafe(tracestate);
  return { traceparent, tracestate: isSafe ? tracestate : undefined };
}
