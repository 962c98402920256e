/** How large a message may be, and when it was too large. */

import type { Admin, ConfigResourceTypes } from 'kafkajs';
import type { BatchLimits } from './batched-sender.ts';

/**
 * Brokers take 1 MiB a batch unless told otherwise; half of it leaves room for what is not counted.
 * A request costs as much as 80 small records (docs/decisions/0020).
 */
const usual: BatchLimits = { maxItems: 256, maxBytes: 512 * 1024, lingerMs: 10 };

/** kafkajs' ConfigResourceTypes.TOPIC, which Node cannot import by name from its CommonJS. */
const topicResource: ConfigResourceTypes.TOPIC = 2;

/** Limits of a topic's batches, until {@link learnLimits} knows better. */
export const usualLimits = (): BatchLimits => ({ ...usual });

/**
 * Reads the topic's own limit, so that a record too large by itself is sent by itself, and its
 * neighbours are not written twice over it. Where it may not be read the usual limit stays.
 */
export async function learnLimits(
  admin: Pick<Admin, 'describeConfigs'>,
  topic: string,
  limits: BatchLimits,
): Promise<void> {
  const name = 'max.message.bytes';
  const resource = { type: topicResource, name: topic, configNames: [name] };
  const answer = await admin
    .describeConfigs({ resources: [resource], includeSynonyms: false })
    .catch(() => undefined);
  const entry = answer?.resources[0]?.configEntries.find(({ configName }) => configName === name);
  const maxMessageBytes = Number(entry?.configValue);
  if (maxMessageBytes > 0) limits.maxBytes = Math.min(usual.maxBytes, maxMessageBytes / 2);
}

/** What a record takes beside its key, value and headers, at most. */
const overhead = 70;

interface Measurable {
  readonly key?: Uint8Array | string | null | undefined;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** In bytes, roughly. */
export function sizeOf({ key, value, headers }: Measurable): number {
  let bytes = overhead + (key?.length ?? 0) + (value?.byteLength ?? 0);
  for (const name in headers) bytes += name.length + lengthOf(headers[name]) + 4;
  return bytes;
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length;
  return Array.isArray(value) ? value.reduce((sum, one) => sum + lengthOf(one), 0) : 0;
}

/** Protocol errors 10 and 18: https://kafka.apache.org/protocol#protocol_error_codes */
export const tooLargeTypes: ReadonlySet<string> = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
]);

/** Whether the broker says that a batch was larger than it takes. */
export const isTooLarge = (error: unknown): boolean =>
  error instanceof Error && tooLargeTypes.has(String((error as { type?: unknown }).type));
