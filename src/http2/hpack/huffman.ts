/** The Huffman code of string literals: RFC 7541 §5.2 and Appendix B. */

import { Buffer } from 'node:buffer';
import { HpackError } from './error.ts';

/** The end of the string, the last of the 257 symbols: only ever in part, as padding (§5.2). */
const endOfString = 256;

/**
 * The bits of each symbol's code. The code is canonical: shorter codes come first, codes of one length
 * in the order of their symbols, so that the lengths say it all.
 */
// biome-ignore format: sixteen to a row.
const codeBits: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];

/**
 * A step of the decoder, for a state (a node within the code's tree, 256 of them) and the next 8 bits:
 * bits 0-7 the state after them, 8-15 and 16-23 the symbols that ended in them, 24-25 how many (never
 * more than two: after the first one ends, a second takes 5 bits and a third 5 more), 26 the fault.
 */
const firstShift = 8;
const secondShift = 16;
const countShift = 24;
const fault = 1 << 26;

type Tables = { readonly steps: Uint32Array; readonly mayEnd: Uint8Array };

/** The tree of the code: `2 * node + bit` is the next node, or the bitwise complement of a symbol. */
function buildTree(): Int16Array {
  const tree = new Int16Array(2 * 256);
  const symbols = codeBits.map((_, symbol) => symbol);
  // The sort is stable: symbols of one length stay in order.
  symbols.sort((a, b) => (codeBits[a] ?? 0) - (codeBits[b] ?? 0));
  let nodes = 1;
  let code = 0;
  let bits = 0;
  for (const symbol of symbols) {
    const symbolBits = codeBits[symbol] ?? 0;
    code <<= symbolBits - bits;
    bits = symbolBits;
    let node = 0;
    for (let left = bits - 1; left > 0; left--) {
      const edge = 2 * node + ((code >>> left) & 1);
      if (tree[edge] === 0) {
        tree[edge] = nodes;
        nodes += 1;
      }
      node = tree[edge] ?? 0;
    }
    tree[2 * node + (code & 1)] = ~symbol;
    code += 1;
  }
  return tree;
}

function buildStep(tree: Int16Array, state: number, octet: number): number {
  let node = state;
  let step = 0;
  let shift = firstShift;
  for (let left = 7; left >= 0; left--) {
    const next = tree[2 * node + ((octet >>> left) & 1)] ?? 0;
    if (next === ~endOfString) return fault;
    if (next < 0) {
      step = (step + (1 << countShift)) | (~next << shift);
      shift = secondShift;
    }
    node = next < 0 ? 0 : next;
  }
  return step | node;
}

function buildTables(): Tables {
  const tree = buildTree();
  const steps = new Uint32Array(256 * 256);
  for (let at = 0; at < steps.length; at++) steps[at] = buildStep(tree, at >>> 8, at & 0xff);
  // Padding is the first bits of the end of the string, all ones, and never a whole octet (§5.2).
  const mayEnd = new Uint8Array(256);
  for (let node = 0, bits = 0; bits < 8; bits++) {
    mayEnd[node] = 1;
    node = tree[2 * node + 1] ?? 0;
  }
  return { steps, mayEnd };
}

/** Made by the first string that needs it: it takes milliseconds, and 256 KiB. */
let tables: Tables | undefined;

/** The shortest code has 5 bits: what is decoded is at most 8/5 of what was sent. */
const mostDecodedBytes = (bytes: number): number => Math.floor((bytes * 8) / 5);

/** Where short strings are decoded before they become strings; nothing of it outlives the call. */
const scratch = Buffer.allocUnsafeSlow(4096);

/**
 * The string whose code stands in `bytes` from `start` up to but without `end`, each octet a Latin-1
 * character. Takes memory for at most 8/5 of its length.
 * @throws {HpackError} for the end of the string's own code, for padding of 8 bits or more, and for
 *   padding that is not all ones.
 */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string {
  tables ??= buildTables();
  const { steps, mayEnd } = tables;
  const most = mostDecodedBytes(end - start);
  const target = most <= scratch.length ? scratch : Buffer.allocUnsafeSlow(most);
  let length = 0;
  let state = 0;
  for (let at = start; at < end; at++) {
    const step = steps[(state << 8) | (bytes[at] as number)] as number;
    if (step >= 1 << countShift) {
      if (step >= fault) throw new HpackError('a Huffman-coded string holds EOS (RFC 7541 §5.2)');
      target[length] = step >>> firstShift;
      length += 1;
      if (step >= 2 << countShift) {
        target[length] = step >>> secondShift;
        length += 1;
      }
    }
    state = step & 0xff;
  }
  if (mayEnd[state] === 0) {
    throw new HpackError(
      'a Huffman-coded string ends in padding that is not up to 7 ones (RFC 7541 §5.2)',
    );
  }
  return target.toString('latin1', 0, length);
}
