/** Kafka's messages before KIP-482: texts with lengths of two bytes, lists with lengths of four. Pure. */

export const plainString = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

export const plainList = (items: readonly Buffer[]): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(items.length);
  return Buffer.concat([length, ...items]);
};

export interface PlainReader {
  readonly int16: () => number;
  readonly int32: () => number;
  readonly boolean: () => boolean;
  readonly string: () => string | null;
  readonly bytes: () => void;
  /** Reads as many items as it says there are. */
  readonly list: <Item>(item: () => Item) => Item[];
}

/** Reads past the end throw a RangeError. */
export function createPlainReader(payload: Uint8Array): PlainReader {
  const buffer = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  let at = 0;
  const step = (bytes: number): number => {
    if (bytes < 0 || at + bytes > buffer.length) throw new RangeError('the answer ends too early');
    at += bytes;
    return at - bytes;
  };
  const int16 = (): number => buffer.readInt16BE(step(2));
  const int32 = (): number => buffer.readInt32BE(step(4));
  return {
    int16,
    int32,
    boolean: () => buffer.readInt8(step(1)) !== 0,
    string: () => {
      const length = int16();
      if (length < 0) return null;
      const start = step(length);
      return buffer.toString('utf8', start, start + length);
    },
    bytes: () => void step(Math.max(0, int32())),
    list: (item) => {
      const length = int32();
      const items: ReturnType<typeof item>[] = [];
      // Every item takes at least a byte, so a length that lies runs into the end.
      for (let i = 0; i < length; i += 1) items.push(item());
      return items;
    },
  };
}
