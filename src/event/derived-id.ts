/**
 * Ids that a redelivered input gets again, so that consumers can tell duplicates (design.md §3.2).
 *
 * The parts are length-prefixed before hashing: two different lists never give the same text.
 */

import { hash } from 'node:crypto';

/**
 * A version 8 UUID (RFC 9562 §5.8) made of the first 122 free bits of SHA-256 over the parts.
 */
export function derivedId(parts: readonly (string | undefined)[]): string {
  let text = '';
  for (const part of parts) text += part === undefined ? '-:' : `${part.length}:${part}`;
  const hex = hash('sha256', text, 'hex');
  // The two variant bits are 0b10, so the variant digit is one of 8, 9, a, b.
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
