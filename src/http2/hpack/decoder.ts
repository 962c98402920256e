/** Header blocks to lists of fields: RFC 7541 §3, §5 and §6. */

import type { Buffer } from 'node:buffer';
import { createDynamicTable, entryOverheadBytes } from './dynamic-table.ts';
import { HpackError } from './error.ts';
import { decodeHuffman } from './huffman.ts';
import { staticLength, staticNames, staticValues } from './static-table.ts';

export interface HpackDecoderOptions {
  /**
   * The most that the dynamic table may hold, and what SETTINGS_HEADER_TABLE_SIZE announces. Less than
   * the 4096 of the protocol's beginning holds only where the peer knows of it before its first block.
   */
  readonly maxTableBytes: number;
  /**
   * The most that one list of fields may take, counted as SETTINGS_MAX_HEADER_LIST_SIZE does (RFC 9113
   * §6.5.2): the octets of each name and value, and 32 more for each field.
   */
  readonly maxListBytes: number;
}

export interface HpackDecoder {
  /**
   * The fields of a whole header block (a HEADERS frame and its CONTINUATIONs, whose length the caller
   * bounds) as name, value, name, value …: all of them, in their order and as they came, their octets as
   * Latin-1 characters. Whether they make a request (RFC 9113 §8.2, §8.3) is for the caller to check.
   * The strings keep nothing of the block alive.
   * @throws {HpackError} and must not be called again then.
   */
  decode(block: Buffer): string[];
}

/** RFC 9113 §6.5.2: what the peer's encoder begins with, whatever is announced. */
const initialTableBytes = 4096;

/** §5.1: with the prefix these hold 28 bits, more than any frame's length and any setting in use. */
const maxContinuationBits = 28;

const truncated = (): HpackError => new HpackError('it ends within a field (RFC 7541 §6)');

/** The decoder of one connection's header blocks, which must be decoded in their order (§2.2). */
export function createHpackDecoder({
  maxTableBytes,
  maxListBytes,
}: HpackDecoderOptions): HpackDecoder {
  const table = createDynamicTable(maxTableBytes, Math.min(initialTableBytes, maxTableBytes));
  /** Where the next octet stands in the block that is decoded. */
  let at = 0;

  /** §5.1: the rest of an integer that fills its prefix, which is taken already. */
  function longInteger(block: Buffer, prefix: number): number {
    let value = prefix;
    for (let shift = 0; shift < maxContinuationBits; shift += 7) {
      if (at >= block.length) throw truncated();
      const octet = block[at] as number;
      at += 1;
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
    throw new HpackError('an integer has more than 4 continuation octets (RFC 7541 §5.1)');
  }

  /** §5.1: the integer whose first octet is next, in the bits of the mask. */
  function integer(block: Buffer, mask: number): number {
    const prefix = (block[at] as number) & mask;
    at += 1;
    return prefix < mask ? prefix : longInteger(block, prefix);
  }

  /** §5.2: a string literal. */
  function text(block: Buffer): string {
    if (at >= block.length) throw truncated();
    const coded = (block[at] as number) >= 0x80;
    const length = integer(block, 0x7f);
    const start = at;
    at += length;
    if (at > block.length) throw truncated();
    return coded ? decodeHuffman(block, start, at) : block.toString('latin1', start, at);
  }

  const noEntry = (index: number): HpackError =>
    new HpackError(
      `index ${index} names no entry: there are ${staticLength + table.length()} (RFC 7541 §2.3.3)`,
    );

  function nameAt(index: number): string {
    if (index <= staticLength) return staticNames[index] as string;
    const slot = table.slot(index - staticLength);
    if (slot < 0) throw noEntry(index);
    return table.names[slot] as string;
  }

  /** §6.3 */
  function resize(block: Buffer): void {
    const bytes = integer(block, 0x1f);
    if (bytes > maxTableBytes) {
      throw new HpackError(
        `it sets the dynamic table to ${bytes} octets: at most ${maxTableBytes} are allowed (RFC 7541 §6.3)`,
      );
    }
    table.resize(bytes);
  }

  function decode(block: Buffer): string[] {
    const fields: string[] = [];
    const end = block.length;
    let listBytes = 0;
    at = 0;
    // §4.2: updates of the table's size come before the first field.
    while (at < end && ((block[at] as number) & 0xe0) === 0x20) resize(block);
    while (at < end) {
      const octet = block[at] as number;
      let name: string;
      let value: string;
      if (octet >= 0x80) {
        // §6.1: an indexed field.
        const index = integer(block, 0x7f);
        if (index > staticLength) {
          const slot = table.slot(index - staticLength);
          if (slot < 0) throw noEntry(index);
          name = table.names[slot] as string;
          value = table.values[slot] as string;
        } else {
          if (index === 0) throw new HpackError('a field has the index 0 (RFC 7541 §6.1)');
          name = staticNames[index] as string;
          value = staticValues[index] as string;
        }
      } else if (octet >= 0x40) {
        // §6.2.1: a literal that becomes an entry.
        const index = integer(block, 0x3f);
        name = index === 0 ? text(block) : nameAt(index);
        value = text(block);
        table.add(name, value);
      } else if (octet < 0x20) {
        // §6.2.2, §6.2.3: a literal that does not, or must not anywhere.
        const index = integer(block, 0x0f);
        name = index === 0 ? text(block) : nameAt(index);
        value = text(block);
      } else {
        throw new HpackError('it sets the size of the dynamic table after a field (RFC 7541 §4.2)');
      }
      listBytes += name.length + value.length + entryOverheadBytes;
      if (listBytes > maxListBytes) {
        throw new HpackError(
          `its fields take more than the ${maxListBytes} octets that are allowed (RFC 9113 §6.5.2)`,
        );
      }
      fields.push(name, value);
    }
    return fields;
  }

  return { decode };
}
