/** kafkajs' records as the core sees them. */

import type { EachBatchPayload, IHeaders, KafkaMessage } from 'kafkajs';
import type { InputRecord, RecordHeaders } from '../delivery/record.ts';

/** @returns the records of a batch, in offset order; their bytes are not copied */
export function inputRecords(batch: EachBatchPayload['batch']): InputRecord[] {
  return batch.messages.map((message) => inputRecord(batch.topic, batch.partition, message));
}

const inputRecord = (topic: string, partition: number, message: KafkaMessage): InputRecord => ({
  topic,
  partition,
  offset: Number(message.offset),
  timestamp: message.timestamp,
  key: message.key,
  value: message.value,
  headers: message.headers === undefined ? noHeaders : writable(message.headers),
});

const noHeaders: RecordHeaders = {};
const emptyValue = Buffer.alloc(0);

/**
 * Two things that kafkajs reads from headers and fails to write back, which would hold up the error
 * topic for ever: a header without a value is null, and one named like a member of every object
 * (`constructor`, `__proto__`) is a list that begins with that member.
 */
function writable(headers: IHeaders): RecordHeaders {
  let result: Record<string, RecordHeaders[string]> | undefined;
  for (const key of Object.keys(headers)) {
    const value: unknown = headers[key];
    if (isWritable(value)) continue;
    result ??= { ...headers };
    // The copy has the key as its own, so even `__proto__` is set like any other.
    result[key] = Array.isArray(value) ? onlyValues(value) : emptyValue;
  }
  return result ?? headers;
}

const isWritable = (value: unknown): boolean =>
  Array.isArray(value) ? value.every(isBytes) : isBytes(value);

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;

const onlyValues = (values: readonly unknown[]): Uint8Array[] =>
  values.filter((value) => value === null || isBytes(value)).map((value) => value ?? emptyValue);
