/**
 * Which calls may be merged, as far as path and headers say it. A call whose headers say more about
 * its body than "JSON" goes alone.
 */

import { traceHeaderNames } from './trace-headers.ts';

/** JSON, which is UTF-8 whether or not it says so (RFC 8259 §8.1). */
const json = /^application\/json(?:\s*;\s*charset="?utf-8"?)?$/i;

/** They name one request, or the way that it came: two that differ in them may share a call. */
const ofOneRequest: ReadonlySet<string> = new Set([
  ...traceHeaderNames,
  'seldon-puid',
  'x-correlation-id',
  'x-forwarded-for',
  'x-forwarded-port',
  'x-real-ip',
  'x-envoy-attempt-count',
  'x-envoy-external-address',
  'forwarded',
  'via',
  'user-agent',
  'date',
]);

/** Say how the body is to be read: one of these, and the call goes alone. */
const ofTheBody: ReadonlySet<string> = new Set([
  'content-encoding',
  'inference-header-content-length',
]);

export interface CallHead {
  /** Path and headers that must be alike, as one text. */
  readonly key: string;
  /** The call's `Seldon-Puid`. */
  readonly puid: string;
}

/**
 * @param headers alternating names (lower case) and values
 * @returns undefined for a call that goes alone
 */
export function readHead(path: string, headers: readonly string[]): CallHead | undefined {
  let key = path;
  let puid = '';
  let isJson = false;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    if (name === 'seldon-puid') puid = value;
    else if (name === 'content-type') {
      // Most are written so.
      isJson = value === 'application/json' || json.test(value);
      if (!isJson) return undefined;
    } else if (ofTheBody.has(name)) return undefined;
    else if (!ofOneRequest.has(name)) key += `\n${name}:${value}`;
  }
  return isJson ? { key, puid } : undefined;
}
