/**
 * Strict base64 (RFC 4648 §4): standard alphabet, padded, nothing skipped, no stray bits.
 * Node's own decoder skips what it does not know, which would hand on damaged data.
 */

import { Buffer } from 'node:buffer';

/** The bytes, or undefined where the text is not exactly the base64 of some bytes. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  // Node also reads the URL alphabet, and only the low byte of wider characters.
  if (/[^\x20-\x7e]|[-_]/.test(text)) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = Buffer.from(text, 'base64');
  // Whatever Node skipped is missing in the length.
  if (bytes.length !== (text.length / 4) * 3 - padding) return undefined;
  const lastGroup = bytes.subarray(bytes.length - (3 - padding)).toString('base64');
  return padding === 0 || text.endsWith(lastGroup) ? bytes : undefined;
}
