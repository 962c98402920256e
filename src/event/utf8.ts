/** Text out of bytes, only where the bytes are UTF-8. */

import { Buffer, isUtf8 } from 'node:buffer';

/** The text, a byte order mark included; undefined where the bytes are not UTF-8 (RFC 3629). */
export function utf8Text(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? asBuffer(bytes).toString('utf8') : undefined;
}

/** The same memory as a Buffer. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
