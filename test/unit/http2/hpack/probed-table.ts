/** What a decoder's dynamic table holds, seen from outside. */

import { expect } from 'vitest';
import type { HpackDecoder } from '../../../../src/http2/hpack/decoder.ts';
import { HpackError } from '../../../../src/http2/hpack/error.ts';
import { integer } from './indexing-encoder.ts';

/** Its entries, the newest first, each asked for by its index until one is none. */
export function probedTable(decoder: HpackDecoder): string[][] {
  const entries: string[][] = [];
  for (let index = 62; ; index++) {
    try {
      entries.push(decoder.decode(integer(index, 7, 0x80)));
    } catch (error) {
      expect(error).toBeInstanceOf(HpackError);
      return entries;
    }
  }
}

/** §4.1: what the entries take. */
export const entryBytes = (entries: readonly (readonly string[])[]): number =>
  entries.reduce((bytes, [name = '', value = '']) => bytes + name.length + value.length + 32, 0);
