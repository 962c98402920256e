/** Records for kafkajs, and where they stand once they are written. Pure. */

import { type Message, Partitioners, type RecordMetadata } from 'kafkajs';

export interface SinkRecord {
  /** Running number. */
  readonly number: number;
  readonly key: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array | null;
}

export interface RecordPlace {
  readonly partition: number;
  readonly offset: number;
}

/** A message that remembers its record, and is told its partition by the partitioner. */
export interface NumberedMessage extends Message {
  readonly number: number;
}

export const messageOf = ({ number, key, headers, value }: SinkRecord): NumberedMessage => ({
  number,
  key: key ?? null,
  headers,
  value: value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
});

/**
 * By key as every Kafka client does (murmur2); without one, in turn, by number. The choice is kept
 * in the message: kafkajs asks again when it tries again, and placesOf needs to know.
 */
export const createPartitioner: typeof Partitioners.DefaultPartitioner = () => {
  const byKey = Partitioners.DefaultPartitioner();
  return (args) => {
    const message = args.message as NumberedMessage;
    const count = args.partitionMetadata.length;
    message.partition ??= message.key === null ? message.number % count : byKey(args);
    return message.partition;
  };
};

/** @returns each message's place: those of one partition follow each other from its base offset */
export function placesOf(
  messages: readonly Message[],
  written: readonly RecordMetadata[],
): RecordPlace[] {
  const next = new Map(
    written.map(({ partition, baseOffset }) => [partition, Number(baseOffset ?? Number.NaN)]),
  );
  return messages.map(({ partition = -1 }) => {
    const offset = next.get(partition) ?? Number.NaN;
    next.set(partition, offset + 1);
    return { partition, offset };
  });
}
