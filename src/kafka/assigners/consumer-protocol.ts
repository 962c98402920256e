/**
 * The bytes that members of a group tell each other: what they subscribe to, and what they get
 * (Kafka's ConsumerProtocolSubscription and ConsumerProtocolAssignment). Written in version 0,
 * which every client reads; newer versions only append, so what they begin with is read.
 */

import { type ByteReader, type ByteWriter, createByteReader, createByteWriter } from './bytes.ts';

export interface Subscription {
  readonly topics: readonly string[];
  /** The assigner's own. */
  readonly userData: Uint8Array | undefined;
}

/** Partitions by topic. */
export type Partitions = ReadonlyMap<string, readonly number[]>;

export function encodeSubscription({ topics, userData }: Subscription): Buffer {
  const writer = createByteWriter();
  writer.int16(0);
  writer.int32(topics.length);
  for (const topic of topics) writer.string(topic);
  writer.bytes(userData);
  return writer.end();
}

/** @returns undefined where the bytes are no subscription */
export function decodeSubscription(bytes: Uint8Array): Subscription | undefined {
  const reader = createByteReader(bytes);
  if (reader.int16() < 0) return undefined;
  const topics = reader.list(() => reader.string());
  const userData = reader.bytes();
  return reader.failed() ? undefined : { topics, userData };
}

export function encodeAssignment(partitions: Partitions): Buffer {
  const writer = createByteWriter();
  writer.int16(0);
  writePartitions(writer, partitions);
  writer.bytes(undefined);
  return writer.end();
}

/** An array of topics, each with an array of partitions. */
export function writePartitions(writer: ByteWriter, partitions: Partitions): void {
  writer.int32(partitions.size);
  for (const [topic, ids] of partitions) {
    writer.string(topic);
    writer.int32(ids.length);
    for (const id of ids) writer.int32(id);
  }
}

export function readPartitions(reader: ByteReader): Map<string, number[]> {
  const entries = reader.list(() => {
    const topic = reader.string();
    return [topic, reader.list(() => reader.int32())] as const;
  });
  return new Map(entries.map(([topic, ids]) => [topic, [...ids]]));
}
