/** The record that goes to the error topic: the input's own bytes, and what failed (design.md §3.4). */

import type { AdapterError } from '../errors.ts';
import { eventSource, type Identity } from '../event/names.ts';
import type { InputRecord, OutputRecord } from './record.ts';

/** Headers of an error record that tell of the failure, beside the input's own. */
export const errorHeaders = {
  code: 'seldon-error-code',
  fault: 'seldon-error-class',
  message: 'seldon-error-message',
  time: 'seldon-error-time',
  attempts: 'seldon-error-attempts',
  predictor: 'seldon-error-predictor',
  topic: 'seldon-error-topic',
  partition: 'seldon-error-partition',
  offset: 'seldon-error-offset',
  /** Size in bytes of a value that was left out because the record would have been too large. */
  omittedBytes: 'seldon-error-value-omitted',
} as const;

/** So long a message is told; the rest is in the log. */
const maxMessageLength = 1_000;

export interface ErrorRecordContext {
  readonly identity: Identity;
  /** RFC 3339. */
  readonly time: string;
  readonly attempts: number;
  /** What is left out where the record would be too large: the value's size is told instead. */
  readonly omit: Omission;
}

/** `value`: key and headers stay. `all`: only what tells of the failure, and where the input is. */
export const omissions = ['nothing', 'value', 'all'] as const;
export type Omission = (typeof omissions)[number];

/** @returns the record to write; what is not left out is as it came in */
export function errorRecord(
  record: InputRecord,
  error: AdapterError,
  context: ErrorRecordContext,
): OutputRecord {
  const { identity, omit } = context;
  const omitted = omit === 'nothing' ? undefined : (record.value?.byteLength ?? 0);
  return {
    key: omit === 'all' ? null : record.key,
    value: omit === 'nothing' ? record.value : null,
    headers: {
      ...(omit !== 'all' && foreignHeaders(record)),
      [errorHeaders.code]: error.code,
      [errorHeaders.fault]: error.fault,
      [errorHeaders.message]: messageOf(error).slice(0, maxMessageLength),
      [errorHeaders.time]: context.time,
      [errorHeaders.attempts]: String(context.attempts),
      [errorHeaders.predictor]: `${eventSource(identity)}.${identity.predictor}`,
      [errorHeaders.topic]: record.topic,
      [errorHeaders.partition]: String(record.partition),
      [errorHeaders.offset]: String(record.offset),
      ...(omitted !== undefined && { [errorHeaders.omittedBytes]: String(omitted) }),
    },
    inputPartition: record.partition,
  };
}

const ownNames: ReadonlySet<string> = new Set(Object.values(errorHeaders));

/**
 * The record's headers without those that we write, in any case: header names are compared without
 * regard to it, so a record could otherwise say where it is to be sent back to.
 */
function foreignHeaders({ headers }: InputRecord): InputRecord['headers'] {
  const kept = Object.entries(headers).filter(([name]) => !ownNames.has(name.toLowerCase()));
  // Entries, not assignments: a header may be named `__proto__`.
  return Object.fromEntries(kept);
}

/** The predictor's own words are not in the message, which is logged; the record is here anyway. */
function messageOf({ message, problems }: AdapterError): string {
  const words = problems.find(({ where }) => where === 'predictor');
  return words === undefined ? message : `${message}: ${words.reason}`;
}
