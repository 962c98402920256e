/**
 * The body of a Produce request (versions 3 to 7) in one buffer of the right size, each byte written
 * once. kafkajs makes two buffers of 512 bytes and more for each record and each of its headers, and
 * copies every record some eight times on its way to the socket: a quarter of what a small record
 * costs (docs/decisions/0020).
 *
 * https://kafka.apache.org/documentation/#recordbatch
 */

import { crc32c } from './crc32c.ts';
import { sizeOfVarint, writeVarint } from './varint.ts';

/** What kafkajs' producer hands to its encoder. */
export interface ProduceRequest {
  readonly acks: number;
  readonly timeout: number;
  readonly transactionalId?: string | null | undefined;
  readonly producerId?: unknown;
  readonly producerEpoch?: number | undefined;
  readonly compression?: number | undefined;
  readonly topicData: readonly ProduceTopic[];
}

interface ProduceTopic {
  readonly topic: string;
  readonly partitions: readonly ProducePartition[];
}

interface ProducePartition {
  readonly partition: number;
  readonly firstSequence?: number | undefined;
  readonly messages: readonly ProduceMessage[];
}

type Bytes = string | Uint8Array;

interface ProduceMessage {
  readonly key?: unknown;
  readonly value: unknown;
  readonly timestamp?: unknown;
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
}

/** A record as it will be written; its headers as names and values in turn. */
interface PlainRecord {
  readonly key: Bytes | null;
  readonly value: Bytes | null;
  readonly headers: readonly Bytes[];
  /** What follows its length. */
  readonly bodySize: number;
}

interface PlainPartition {
  readonly id: number;
  readonly firstSequence: number;
  readonly records: readonly PlainRecord[];
  /** From its first offset on. */
  readonly batchSize: number;
}

/** Bytes of a batch before its first record, and of those that are not counted in its length. */
const batchHead = 61;
const uncounted = 12;
/** Where the checksum stands, and what it is of. */
const checksumAt = 17;
const checkedFrom = 21;
const magic = 2;
const transactionalBit = 16;

/** Something that is none of our business: kafkajs' own encoder is to see to it. */
class NotPlain extends Error {}

/**
 * @param nowMs the timestamp of every record
 * @returns undefined where the request has anything that this does not know: compression,
 *   timestamps of its own, values that are neither text nor bytes
 */
export function encodeProduce(request: ProduceRequest, nowMs: number): Buffer | undefined {
  if ((request.compression ?? 0) !== 0) return undefined;
  try {
    const topics = request.topicData.map(({ topic, partitions }) => ({
      name: Buffer.from(topic),
      partitions: partitions.map(plainPartition),
    }));
    const producerId = bigintOf(request.producerId ?? -1n);
    return write(request, topics, producerId, BigInt(nowMs));
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

function write(
  { acks, timeout, transactionalId, producerEpoch = 0 }: ProduceRequest,
  topics: readonly { readonly name: Buffer; readonly partitions: readonly PlainPartition[] }[],
  producerId: bigint,
  now: bigint,
): Buffer {
  const id = transactionalId == null ? undefined : Buffer.from(transactionalId);
  let size = 2 + (id?.length ?? 0) + 2 + 4 + 4;
  for (const { name, partitions } of topics) {
    size += 2 + name.length + 4;
    for (const { batchSize } of partitions) size += 8 + batchSize;
  }
  // All of it is written.
  const out = Buffer.allocUnsafe(size);
  let at = out.writeInt16BE(id?.length ?? -1, 0);
  at += id?.copy(out, at) ?? 0;
  at = out.writeInt16BE(acks, at);
  at = out.writeInt32BE(timeout, at);
  at = out.writeInt32BE(topics.length, at);
  for (const { name, partitions } of topics) {
    at = out.writeInt16BE(name.length, at);
    at += name.copy(out, at);
    at = out.writeInt32BE(partitions.length, at);
    for (const partition of partitions) {
      at = out.writeInt32BE(partition.id, at);
      at = out.writeInt32BE(partition.batchSize, at);
      const attributes = transactionalId ? transactionalBit : 0;
      at = writeBatch(out, at, partition, { attributes, producerId, producerEpoch, now });
    }
  }
  return out;
}

interface BatchFields {
  readonly attributes: number;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly now: bigint;
}

function writeBatch(
  out: Buffer,
  start: number,
  { records, batchSize, firstSequence }: PlainPartition,
  { attributes, producerId, producerEpoch, now }: BatchFields,
): number {
  // First offset: the broker's to say.
  let at = out.writeBigInt64BE(0n, start);
  at = out.writeInt32BE(batchSize - uncounted, at);
  // Partition leader epoch: likewise.
  at = out.writeInt32BE(0, at);
  at = out.writeInt8(magic, at);
  at = start + checkedFrom;
  at = out.writeInt16BE(attributes, at);
  at = out.writeInt32BE(records.length - 1, at);
  at = out.writeBigInt64BE(now, at);
  at = out.writeBigInt64BE(now, at);
  at = out.writeBigInt64BE(producerId, at);
  at = out.writeInt16BE(producerEpoch, at);
  at = out.writeInt32BE(firstSequence, at);
  at = out.writeInt32BE(records.length, at);
  for (let i = 0; i < records.length; i += 1) at = writeRecord(out, at, records[i], i);
  out.writeUInt32BE(crc32c(out, start + checkedFrom, at), start + checksumAt);
  return at;
}

function writeRecord(
  out: Buffer,
  start: number,
  record: PlainRecord | undefined,
  index: number,
): number {
  if (record === undefined) return start;
  let at = writeVarint(out, start, record.bodySize);
  // Attributes: none are defined. Timestamp: that of the batch.
  out[at++] = 0;
  out[at++] = 0;
  at = writeVarint(out, at, index);
  at = writeSized(out, at, record.key);
  at = writeSized(out, at, record.value);
  at = writeVarint(out, at, record.headers.length / 2);
  for (const part of record.headers) at = writeSized(out, at, part);
  return at;
}

function writeSized(out: Buffer, start: number, bytes: Bytes | null): number {
  if (bytes === null) return writeVarint(out, start, -1);
  const length = Buffer.byteLength(bytes);
  const at = writeVarint(out, start, length);
  if (typeof bytes === 'string') out.write(bytes, at, length, 'utf8');
  else out.set(bytes, at);
  return at + length;
}

function plainPartition({ partition, messages, firstSequence = 0 }: ProducePartition) {
  if (messages.length === 0) throw new NotPlain();
  const records = messages.map(plainRecord);
  let batchSize = batchHead;
  for (const { bodySize } of records) batchSize += sizeOfVarint(bodySize) + bodySize;
  return { id: partition, firstSequence, records, batchSize };
}

function plainRecord(message: ProduceMessage, index: number): PlainRecord {
  if (message.timestamp != null) throw new NotPlain();
  const key = bytesOrNull(message.key);
  const value = bytesOrNull(message.value);
  const headers = headersOf(message.headers);
  let bodySize = 2 + sizeOfVarint(index) + sizeOfSized(key) + sizeOfSized(value);
  bodySize += sizeOfVarint(headers.length / 2);
  for (const part of headers) bodySize += sizeOfSized(part);
  return { key, value, headers, bodySize };
}

function headersOf(headers: ProduceMessage['headers']): Bytes[] {
  const flat: Bytes[] = [];
  if (headers === undefined) return flat;
  for (const name of Object.keys(headers)) {
    const given = headers[name];
    if (!Array.isArray(given)) flat.push(name, bytes(given));
    else for (const value of given) flat.push(name, bytes(value));
  }
  return flat;
}

function sizeOfSized(value: Bytes | null): number {
  if (value === null) return sizeOfVarint(-1);
  const length = Buffer.byteLength(value);
  return sizeOfVarint(length) + length;
}

function bytes(value: unknown): Bytes {
  // kafkajs takes other arrays of bytes for something to make text of.
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value;
  throw new NotPlain();
}

const bytesOrNull = (value: unknown): Bytes | null => (value == null ? null : bytes(value));

/** kafkajs has 64-bit numbers as a class of its own, around a bigint. */
function bigintOf(value: unknown): bigint {
  const inner = (value as { readonly value?: unknown }).value ?? value;
  if (typeof inner === 'bigint') return inner;
  if (typeof inner === 'number' || typeof inner === 'string') return BigInt(inner);
  throw new NotPlain();
}
