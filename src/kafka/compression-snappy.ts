/**
 * Snappy as Kafka's clients frame it. The Java client writes xerial's stream (snappy-java): a
 * header, then blocks, each after its length. librdkafka writes one bare block, and so do others.
 * Both are read; xerial's is written, since every client reads it.
 */

/** One block, as the library takes it. */
export interface SnappyBlocks {
  readonly compressSync: (block: Uint8Array) => Uint8Array;
  readonly uncompressSync: (block: Uint8Array) => Uint8Array | string;
}

/** SnappyCodec.java of snappy-java: eight bytes of magic, then version 1, readable since version 1. */
const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const header = Buffer.concat([magic, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);
const lengthBytes = 4;

/** @returns xerial's stream, with everything in one block */
export function encodeSnappy(bytes: Uint8Array, { compressSync }: SnappyBlocks): Buffer {
  const block = compressSync(bytes);
  const length = Buffer.allocUnsafe(lengthBytes);
  length.writeInt32BE(block.byteLength);
  return Buffer.concat([header, length, block]);
}

/**
 * @returns what either framing holds
 * @throws Error where a block is cut short, or is no Snappy
 */
export function decodeSnappy(bytes: Buffer, { uncompressSync }: SnappyBlocks): Buffer {
  const decode = (block: Uint8Array): Buffer => Buffer.from(uncompressSync(block) as Uint8Array);
  if (!bytes.subarray(0, magic.length).equals(magic)) return decode(bytes);
  const blocks: Buffer[] = [];
  let at = header.length;
  while (at < bytes.length) {
    const start = at + lengthBytes;
    const end = start > bytes.length ? Number.NaN : start + bytes.readInt32BE(at);
    // Not a number is neither.
    if (!(end >= start && end <= bytes.length)) throw new Error('a Snappy block is cut short');
    blocks.push(decode(bytes.subarray(start, end)));
    at = end;
  }
  return Buffer.concat(blocks);
}
