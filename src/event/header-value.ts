/**
 * Attribute values in HTTP headers (HTTP binding §3.1.3.2).
 *
 * R1 Decoding: one pair of double quotes is taken off, then percent-encoding is decoded once.
 * R2 Decoding takes lower-case hex and needless encoding, and refuses what is not UTF-8.
 * R3 Encoding: space, `"`, `%` and everything outside U+0021..U+007E, as upper-case UTF-8.
 */

import { Buffer } from 'node:buffer';
import { quote } from './quote.ts';

/** Why a header's value cannot be an attribute's. */
export interface BadValue {
  readonly reason: string;
}

/** The attribute's value. Most values need no decoding and are handed back as they are. */
export function decodeHeaderValue(text: string): string | BadValue {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x22 || code === 0x25 || code > 0x7e) return decodeSpecial(text);
  }
  return text;
}

function decodeSpecial(text: string): string | BadValue {
  if (/[^\0-\x7f]/.test(text)) {
    const found = 'has characters outside ASCII';
    return { reason: `the value ${found}; percent-encode them as UTF-8, such as %C3%A9` };
  }
  const unquoted = unquote(text);
  if (unquoted === undefined) {
    const advice = 'quote the whole value, or send the quote as %22';
    return { reason: `the value ${quote(text)} has a double quote out of place; ${advice}` };
  }
  try {
    // One round, and it throws on bad hex, on overlong forms and on encoded surrogates.
    return decodeURIComponent(unquoted);
  } catch {
    return { reason: `the value ${quote(text)} ${percentFault(unquoted)}` };
  }
}

/** RFC 9110 §5.6.4; undefined where a quote stands anywhere but around the whole value. */
function unquote(text: string): string | undefined {
  if (!text.includes('"')) return text;
  const inner = text.slice(1, -1);
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return undefined;
  const unescaped = inner.replace(/\\(.)/g, '');
  if (unescaped.includes('"') || unescaped.includes('\\')) return undefined;
  return inner.replace(/\\(.)/g, '$1');
}

function percentFault(text: string): string {
  return /%(?![0-9A-Fa-f]{2})/.test(text)
    ? 'has a % without two hexadecimal digits; send a plain % as %25'
    : 'is percent-encoded, but not as UTF-8';
}

const percentCodes = Array.from(
  { length: 256 },
  (_, byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
);
const needsEncoding = /[^\x21\x23\x24\x26-\x7e]+/g;

/** The header's value for an attribute's canonical text. */
export function encodeHeaderValue(text: string): string {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x21 || code > 0x7e || code === 0x22 || code === 0x25) {
      return text.replace(needsEncoding, percentEncode);
    }
  }
  return text;
}

function percentEncode(run: string): string {
  let encoded = '';
  for (const byte of Buffer.from(run, 'utf8')) encoded += percentCodes[byte];
  return encoded;
}
