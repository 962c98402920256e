/** Lines out of a stream of bytes, however it is cut: characters are decoded only once whole. */

import { Buffer } from 'node:buffer';

export interface LineSplitter {
  readonly push: (chunk: Buffer) => void;
  /** Bytes of a line that has not ended. */
  readonly pending: () => number;
}

const newline = 0x0a;

/**
 * @param maxBytes of a line; of a longer one nothing is kept
 * @param onTooLong called once for each of them, when it is known to be too long
 */
export function createLineSplitter(
  maxBytes: number,
  onLine: (line: Buffer) => void,
  onTooLong: () => void,
): LineSplitter {
  let parts: Buffer[] = [];
  let bytes = 0;
  let skipping = false;

  const append = (part: Buffer): void => {
    if (skipping) return;
    bytes += part.byteLength;
    if (bytes <= maxBytes) {
      parts.push(part);
      return;
    }
    skipping = true;
    parts = [];
    onTooLong();
  };

  const endLine = (): void => {
    const [only] = parts;
    const line = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
    const whole = !skipping && bytes > 0;
    parts = [];
    bytes = 0;
    skipping = false;
    if (whole) onLine(line);
  };

  return {
    push: (chunk) => {
      let from = 0;
      for (let to = chunk.indexOf(newline); to >= 0; to = chunk.indexOf(newline, from)) {
        append(chunk.subarray(from, to));
        from = to + 1;
        endLine();
      }
      if (from < chunk.byteLength) append(chunk.subarray(from));
    },
    pending: () => bytes,
  };
}
