/** Kafka's primitive types: big-endian integers, strings and byte arrays that begin with a length. */

export interface ByteWriter {
  readonly int16: (value: number) => void;
  readonly int32: (value: number) => void;
  readonly string: (value: string) => void;
  /** undefined: null, which is something else than empty. */
  readonly bytes: (value: Uint8Array | undefined) => void;
  readonly end: () => Buffer;
}

export function createByteWriter(): ByteWriter {
  const parts: Uint8Array[] = [];
  const int16 = (value: number): void => {
    const part = Buffer.alloc(2);
    part.writeInt16BE(value);
    parts.push(part);
  };
  const int32 = (value: number): void => {
    const part = Buffer.alloc(4);
    part.writeInt32BE(value);
    parts.push(part);
  };
  return {
    int16,
    int32,
    string: (value) => {
      const part = Buffer.from(value);
      int16(part.length);
      parts.push(part);
    },
    bytes: (value) => {
      int32(value?.length ?? -1);
      if (value !== undefined) parts.push(value);
    },
    end: () => Buffer.concat(parts),
  };
}

/**
 * Reads bytes from others: past their end it gives zeros and empty values, and {@link
 * ByteReader.failed} tells. A length is never believed beyond the bytes that are there.
 */
export interface ByteReader {
  readonly int16: () => number;
  readonly int32: () => number;
  readonly string: () => string;
  readonly bytes: () => Uint8Array | undefined;
  readonly list: <T>(item: () => T) => readonly T[];
  /** Whether the bytes ended too early, or a length was wrong. */
  readonly failed: () => boolean;
}

export function createByteReader(from: Uint8Array): ByteReader {
  const buffer = Buffer.from(from.buffer, from.byteOffset, from.byteLength);
  let at = 0;
  let failed = false;

  /** @returns where the next `length` bytes begin; undefined where there are not so many */
  const take = (length: number): number | undefined => {
    if (failed || length < 0 || at + length > buffer.length) {
      failed = true;
      return undefined;
    }
    at += length;
    return at - length;
  };
  const int16 = (): number => {
    const start = take(2);
    return start === undefined ? 0 : buffer.readInt16BE(start);
  };
  const int32 = (): number => {
    const start = take(4);
    return start === undefined ? 0 : buffer.readInt32BE(start);
  };

  return {
    int16,
    int32,
    string: () => {
      const length = int16();
      const start = take(length);
      return start === undefined ? '' : buffer.toString('utf8', start, start + length);
    },
    bytes: () => {
      const length = int32();
      if (length === -1) return undefined;
      const start = take(length);
      return start === undefined ? undefined : buffer.subarray(start, start + length);
    },
    list: (item) => {
      const length = int32();
      const items = [];
      // Every item takes at least two bytes, so this ends with them.
      for (let i = 0; i < length && !failed; i += 1) items.push(item());
      if (length < -1) failed = true;
      return items;
    },
    failed: () => failed,
  };
}
