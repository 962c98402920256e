/**
 * From an error record back to the record that it was made of, and whether it is asked for.
 *
 * R1 Key, value and headers are the input's own; what `error-record.ts` added is taken off.
 * R2 How often a record was replayed stays with it, through the error topic too, so that one which
 *    goes round in circles shows.
 */

import { errorHeaders } from './error-record.ts';
import type { InputRecord, RecordHeaders } from './record.ts';
import { headerText } from './record-headers.ts';

/** Says on a replayed record how often that was done. */
export const replayCountHeader = 'seldon-replay-count';

export interface ReplayFilter {
  /** Classes of fault that are asked for; empty: all. */
  readonly faults: ReadonlySet<string>;
  /** Likewise of codes. */
  readonly codes: ReadonlySet<string>;
  /** From this time of the failure on, in ms since the epoch. */
  readonly sinceMs: number | undefined;
  /** Up to and without this one. */
  readonly untilMs: number | undefined;
}

export interface ReplayRecord {
  /** The input topic that it came from. */
  readonly topic: string;
  /** Where it stood there; undefined where that is not told. */
  readonly partition: number | undefined;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: RecordHeaders;
}

export type ReplayDecision =
  /** Not asked for. */
  | { readonly kind: 'passed' }
  /** Asked for, and it cannot be sent back. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'replay'; readonly record: ReplayRecord };

/** @param errorTopic where the record stands: it must not be sent back to itself */
export function decideReplay(
  record: InputRecord,
  filter: ReplayFilter,
  errorTopic: string,
): ReplayDecision {
  if (!isAskedFor(record, filter)) return { kind: 'passed' };
  const topic = headerText(record.headers, errorHeaders.topic);
  if (topic === undefined)
    return refused(`it is no error record: ${errorHeaders.topic} is missing`);
  if (!topicName.test(topic)) return refused(`${errorHeaders.topic} names no topic`);
  if (topic === errorTopic) return refused('it came from this very topic');
  const omitted = omission(record, topic);
  if (omitted !== undefined) return refused(omitted);
  return {
    kind: 'replay',
    record: {
      topic,
      partition: partitionOf(record),
      key: record.key,
      value: record.value,
      headers: restoredHeaders(record.headers),
    },
  };
}

const refused = (reason: string): ReplayDecision => ({ kind: 'refused', reason });

/** As brokers check it. */
const topicName = /^[\w.-]{1,249}$/;
const wholeNumber = /^\d{1,9}$/;

function isAskedFor(record: InputRecord, filter: ReplayFilter): boolean {
  const { faults, codes, sinceMs, untilMs } = filter;
  const { headers } = record;
  if (faults.size > 0 && !faults.has(headerText(headers, errorHeaders.fault) ?? '')) return false;
  if (codes.size > 0 && !codes.has(headerText(headers, errorHeaders.code) ?? '')) return false;
  if (sinceMs === undefined && untilMs === undefined) return true;
  const failedMs = failureTimeMs(record);
  return failedMs >= (sinceMs ?? Number.NEGATIVE_INFINITY) && failedMs < (untilMs ?? Infinity);
}

/** When it failed; where that is not told, when it was written. */
function failureTimeMs({ headers, timestamp }: InputRecord): number {
  const told = Date.parse(headerText(headers, errorHeaders.time) ?? '');
  return Number.isNaN(told) ? Number(timestamp) : told;
}

/** @returns which value was left out, and where it stood; undefined where it is here */
function omission({ headers }: InputRecord, topic: string): string | undefined {
  const bytes = headerText(headers, errorHeaders.omittedBytes);
  if (bytes === undefined) return undefined;
  const partition = headerText(headers, errorHeaders.partition) ?? '?';
  const offset = headerText(headers, errorHeaders.offset) ?? '?';
  return `its value of ${bytes} bytes was left out as too large; it stood in ${topic} partition ${partition} offset ${offset}`;
}

function partitionOf({ headers }: InputRecord): number | undefined {
  const told = headerText(headers, errorHeaders.partition) ?? '';
  return wholeNumber.test(told) ? Number(told) : undefined;
}

const added: ReadonlySet<string> = new Set(Object.values(errorHeaders));

function restoredHeaders(headers: RecordHeaders): RecordHeaders {
  const own = Object.entries(headers).filter(([name]) => !added.has(name));
  // Entries, not assignments: a header may be named `__proto__`.
  const restored = Object.fromEntries(own);
  return { ...restored, [replayCountHeader]: String(replayCountOf(headers) + 1) };
}

/** @returns how often a record was replayed before it failed; 0 where it does not say */
export function replayCountOf(headers: RecordHeaders): number {
  const told = headerText(headers, replayCountHeader) ?? '';
  return wholeNumber.test(told) ? Number(told) : 0;
}
