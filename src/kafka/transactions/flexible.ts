/**
 * Kafka's flexible messages (KIP-482), as far as the requests need them that kafkajs does not have:
 * compact strings and lists, whose lengths are one more in a varint, and tags. Pure.
 */

/** No tagged fields: it ends every structure, and the header. */
export const noTags = Buffer.of(0);

export const compactString = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([unsignedVarint(bytes.length + 1), bytes]);
};

function unsignedVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

export interface FlexibleReader {
  readonly int16: () => number;
  readonly int32: () => number;
  readonly int64: () => bigint;
  /** -1 for null. */
  readonly compactLength: () => number;
  readonly compactString: () => string | null;
  readonly skip: (bytes: number) => void;
  readonly tags: () => void;
}

/** Reads past the end throw a RangeError. */
export function createFlexibleReader(payload: Uint8Array): FlexibleReader {
  const buffer = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  let at = 0;
  const step = (bytes: number): number => {
    at += bytes;
    return at - bytes;
  };
  const unsigned = (): number => {
    let [value, weight] = [0, 1];
    for (;;) {
      const byte = buffer.readUInt8(step(1));
      value += (byte & 127) * weight;
      if (byte < 128) return value;
      weight *= 128;
      if (weight > 2 ** 35) throw new RangeError('a length without an end');
    }
  };
  const compactLength = (): number => unsigned() - 1;
  const skip = (bytes: number): void => {
    if (bytes > 0) step(bytes);
  };
  return {
    int16: () => buffer.readInt16BE(step(2)),
    int32: () => buffer.readInt32BE(step(4)),
    int64: () => buffer.readBigInt64BE(step(8)),
    compactLength,
    compactString: () => {
      const length = compactLength();
      if (length < 0) return null;
      const start = step(length);
      if (at > buffer.length) throw new RangeError('the answer ends too early');
      return buffer.toString('utf8', start, at);
    },
    skip,
    tags: () => {
      for (let left = unsigned(); left > 0; left -= 1) {
        unsigned();
        skip(unsigned());
      }
    },
  };
}
