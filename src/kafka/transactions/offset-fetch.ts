/**
 * OffsetFetch in version 7, which kafkajs does not have: with `require_stable` the broker answers
 * only when no transaction is left whose outcome could still change the offset (KIP-447). Pure.
 * https://kafka.apache.org/protocol#The_Messages_OffsetFetch
 */

import type { CommittedOffset } from '../../delivery/committer.ts';

export const offsetFetch = { apiKey: 9, version: 7 } as const;

/** Errors 14 to 16 and 88: ask again in a moment, of whoever coordinates the group then. */
const passing = new Map([
  [14, 'COORDINATOR_LOAD_IN_PROGRESS'],
  [15, 'COORDINATOR_NOT_AVAILABLE'],
  [16, 'NOT_COORDINATOR'],
  [88, 'UNSTABLE_OFFSET_COMMIT'],
]);

/** The body, with the tags that end the header of this version before it. */
export function encodeOffsetFetch(groupId: string, topic: string, partition: number): Buffer {
  const id = Buffer.alloc(4);
  id.writeInt32BE(partition);
  return Buffer.concat([
    noTags,
    compactString(groupId),
    // One topic with one partition: lengths of compact lists are one more.
    Buffer.of(2),
    compactString(topic),
    Buffer.of(2),
    id,
    noTags,
    Buffer.of(1),
    noTags,
  ]);
}

/**
 * @param payload what follows the request's number in the answer
 * @returns what the group has of the one partition asked for
 * @throws where the broker refuses, or the answer makes no sense
 */
export function decodeOffsetFetch(payload: Uint8Array): CommittedOffset {
  const read = createReader(payload);
  read.tags();
  read.int32();
  if (read.compactLength() !== 1) return refuse(read.afterTopics());
  read.skip(read.compactLength());
  if (read.compactLength() !== 1) throw new Error('OffsetFetch: not the partition asked for');
  read.int32();
  const offset = read.int64();
  read.int32();
  const metadata = read.compactString();
  const partitionError = read.int16();
  read.tags();
  read.tags();
  const error = read.int16();
  if (error !== 0 || partitionError !== 0) return refuse(error || partitionError);
  return { offset, metadata };
}

function refuse(code: number): never {
  const type = passing.get(code);
  const what = type === undefined ? `with error ${code}` : `for now: ${type}`;
  throw Object.assign(new Error(`the broker does not tell the group's offset, ${what}`), { type });
}

const noTags = Buffer.of(0);

const compactString = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(bytes.length + 1), bytes]);
};

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** Reads past the end throw a RangeError. */
function createReader(payload: Uint8Array) {
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
      if (weight > 2 ** 35) throw new RangeError('OffsetFetch: a length without an end');
    }
  };
  /** -1 for null. */
  const compactLength = (): number => unsigned() - 1;
  const skip = (bytes: number): void => {
    if (bytes > 0) step(bytes);
  };
  const reader = {
    int16: (): number => buffer.readInt16BE(step(2)),
    int32: (): number => buffer.readInt32BE(step(4)),
    int64: (): number => Number(buffer.readBigInt64BE(step(8))),
    compactLength,
    compactString: (): string | null => {
      const length = compactLength();
      if (length < 0) return null;
      const start = step(length);
      if (at > buffer.length) throw new RangeError('OffsetFetch: the answer ends too early');
      return buffer.toString('utf8', start, at);
    },
    skip,
    tags: (): void => {
      for (let left = unsigned(); left > 0; left -= 1) {
        unsigned();
        skip(unsigned());
      }
    },
    /** The error of an answer without topics. */
    afterTopics: (): number => reader.int16(),
  };
  return reader;
}
