/** CRC-32C (Castagnoli), as record batches carry it: eight bytes at a step ("slicing by 8"). */

/** 0x1EDC6F41 with its bits in reverse (RFC 3720, appendix B.4). */
const polynomial = 0x82f63b78;

/** Eight tables of 256: the k-th tells what a byte does to the sum, k bytes later. */
const tables = ((): Int32Array => {
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ polynomial : sum >>> 1;
    made[byte] = sum;
  }
  for (let i = 256; i < made.length; i += 1) {
    const before = made[i - 256] ?? 0;
    made[i] = (before >>> 8) ^ (made[before & 0xff] ?? 0);
  }
  return made;
})();

/** Typed arrays hold every index asked for; the compiler cannot know. */
const table = (k: number, byte: number): number => tables[(k << 8) + byte] as number;

/** @returns the checksum of `bytes` from `start` to `end` (not included), from 0 to 2³² − 1 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const at = (i: number): number => bytes[i] as number;
  let sum = -1;
  let i = start;
  for (const last = end - 8; i <= last; i += 8) {
    const low = sum ^ (at(i) | (at(i + 1) << 8) | (at(i + 2) << 16) | (at(i + 3) << 24));
    sum =
      table(7, low & 0xff) ^
      table(6, (low >>> 8) & 0xff) ^
      table(5, (low >>> 16) & 0xff) ^
      table(4, low >>> 24) ^
      table(3, at(i + 4)) ^
      table(2, at(i + 5)) ^
      table(1, at(i + 6)) ^
      table(0, at(i + 7));
  }
  for (; i < end; i += 1) sum = table(0, (sum ^ at(i)) & 0xff) ^ (sum >>> 8);
  return ~sum >>> 0;
}
