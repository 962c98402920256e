/** An HPACK encoder that has every form of RFC 7541 §6, and a dynamic table that is a plain list. */

import { Buffer } from 'node:buffer';
import { staticNames, staticValues } from '../../../../src/http2/hpack/static-table.ts';
import { encodeHuffman } from './huffman-encoder.ts';

export type Form = 'indexed' | 'with indexing' | 'without indexing' | 'never indexed';

/** How a field is written where there is a choice. */
export interface Choice {
  readonly form: Form;
  readonly indexName: boolean;
  readonly huffmanName: boolean;
  readonly huffmanValue: boolean;
}

/** §5.1, with the pattern in the bits above the prefix. */
export function integer(value: number, prefixBits: number, pattern = 0): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.from([pattern + value]);
  const octets = [pattern + most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) + 128);
  return Buffer.from([...octets, rest]);
}

/** §5.2 */
export function text(value: string, huffman = false): Buffer {
  const bytes = huffman ? encodeHuffman(value) : Buffer.from(value, 'latin1');
  return Buffer.concat([integer(bytes.length, 7, huffman ? 0x80 : 0), bytes]);
}

const patterns = {
  'with indexing': [6, 0x40],
  'without indexing': [4, 0],
  'never indexed': [4, 0x10],
} as const;

export function createIndexingEncoder(initialBytes: number) {
  /** The newest first. */
  const entries: (readonly [string, string])[] = [];
  let limit = initialBytes;

  function evict(): void {
    const bytes = () =>
      entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (bytes() > limit) entries.pop();
  }

  /** The whole address space of indices (§2.3.3), 0 being no entry. */
  const addressed = (): (readonly [string, string])[] => [
    ...staticNames.map((name, index) => [name, staticValues[index] ?? ''] as const),
    ...entries,
  ];

  return {
    entries,
    /** §6.3 */
    resize(bytes: number): Buffer {
      limit = bytes;
      evict();
      return integer(bytes, 5, 0x20);
    },
    /** A field that stands in no table is never indexed, whatever is chosen. */
    encode(name: string, value: string, choice: Choice): Buffer {
      const all = addressed();
      const form = choice.form;
      if (form === 'indexed') {
        const index = all.findLastIndex(
          (entry, at) => at > 0 && entry[0] === name && entry[1] === value,
        );
        if (index > 0) return integer(index, 7, 0x80);
      }
      const [bits, pattern] = patterns[form === 'indexed' ? 'never indexed' : form];
      const found = choice.indexName
        ? all.findLastIndex((entry, at) => at > 0 && entry[0] === name)
        : 0;
      const index = Math.max(0, found);
      if (form === 'with indexing') {
        entries.unshift([name, value]);
        evict();
      }
      return Buffer.concat([
        integer(index, bits, pattern),
        index === 0 ? text(name, choice.huffmanName) : Buffer.alloc(0),
        text(value, choice.huffmanValue),
      ]);
    },
  };
}
