/** Compressed messages: gzip and deflate (zlib's format), within a bound on what they expand to. */

import type { Buffer } from 'node:buffer';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { Told } from './method.ts';
import { noEncoding, notCompressed, tooLarge, unknownEncoding } from './refusals.ts';

const decoders = new Map([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
]);

export type Decompressed = { readonly message: Buffer } | { readonly flaw: Told };

/** @param encoding the header `grpc-encoding` */
export async function decompress(
  message: Buffer,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Decompressed> {
  if (encoding === undefined || encoding === 'identity') return { flaw: noEncoding };
  const decode = decoders.get(encoding);
  if (decode === undefined) return { flaw: unknownEncoding(encoding) };
  try {
    return { message: await decode(message, { maxOutputLength: Math.max(1, maxBytes) }) };
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return { flaw: isTooLarge ? tooLarge(maxBytes) : notCompressed(encoding) };
  }
}
