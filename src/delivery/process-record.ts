/**
 * One Kafka record through decode, dispatch and encode: record in, verdict out.
 * The output mirrors the form of the input unless a form is forced (design.md §3.4).
 */

import { AdapterError } from '../errors.ts';
import type { Event, Mode } from '../event/event.ts';
import { decodeKafka, encodeKafka } from '../event/kafka-message.ts';
import { malformedEvent } from '../event/malformed.ts';
import { protoNameOf } from '../event/proto-name.ts';
import type { Origin } from '../event/reply.ts';
import type { Dispatch, Input } from './dispatch.ts';
import type { Outcome, SkipReason } from './outcome.ts';
import type { Now } from './ports.ts';
import type { InputRecord, OutputRecord } from './record.ts';
import { headersForPredictor, headerText } from './record-headers.ts';
import { isInShare, type TrafficShare } from './traffic-share.ts';

/** What a record's answer looks like: an event in one of its modes, or the bare prediction. */
export const outputForms = ['same', 'binary', 'structured', 'raw'] as const;
export type OutputForm = (typeof outputForms)[number];

export type Verdict =
  | { readonly kind: 'output'; readonly output: OutputRecord }
  | { readonly kind: 'skipped'; readonly reason: SkipReason | 'other-share' | 'feedback' }
  | { readonly kind: 'failed'; readonly error: AdapterError };

/** Never rejects. */
export type ProcessRecord = (record: InputRecord) => Promise<Verdict>;

export interface ProcessRecordOptions {
  readonly outputForm: OutputForm;
  /** How long one attempt at a record may take, in ms. */
  readonly timeoutMs: number;
  /** What of the topic is ours, where several predictors divide it; undefined: everything. */
  readonly share?: TrafficShare | undefined;
}

export interface ProcessRecordDeps {
  readonly dispatch: Dispatch;
  readonly now: Now;
}

export function createProcessRecord(
  options: ProcessRecordOptions,
  deps: ProcessRecordDeps,
): ProcessRecord {
  const { share } = options;
  const process: ProcessRecord = async (record) => {
    const { key } = record;
    // What has a key is told apart without being read.
    if (share !== undefined && key !== null && !isInShare(share, key)) return otherShare;
    const decoded = decodeKafka(record.headers, record.value);
    if (share !== undefined && key === null) {
      const id = decoded.kind === 'event' ? decoded.event.id : undefined;
      if (!isInShare(share, keylessIdentity(record, id))) return otherShare;
    }
    if (decoded.kind === 'refused')
      return { kind: 'failed', error: malformedEvent(decoded.problems) };
    const event = decoded.kind === 'event' ? decoded.event : undefined;
    const form = decoded.kind === 'event' ? decoded.mode : 'raw';
    const deadline = deps.now() + options.timeoutMs;
    const outcome = await deps.dispatch(inputOf(record, event, deadline));
    const outputForm = options.outputForm === 'same' ? form : options.outputForm;
    return verdictOf(outcome, record, outputForm);
  };
  return (record) =>
    process(record).catch((error) => ({ kind: 'failed', error: AdapterError.from(error) }));
}

const otherShare: Verdict = { kind: 'skipped', reason: 'other-share' };

/** What stands for a key: the event's id, so that its repeats stay together, else the coordinates. */
const keylessIdentity = (record: InputRecord, id: string | undefined): Uint8Array =>
  Buffer.from(id ?? `${record.topic}/${record.partition}/${record.offset}`);

function inputOf(record: InputRecord, event: Event | undefined, deadline: number): Input {
  const { topic, partition, offset, timestamp } = record;
  const origin: Origin =
    event === undefined
      ? { kind: 'raw', raw: { topic, partition, offset, timestamp } }
      : { kind: 'event', event };
  return {
    origin,
    payload: event === undefined ? (record.value ?? undefined) : event.data,
    contentType: event?.datacontenttype ?? headerText(record.headers, 'content-type'),
    protoName: protoNameOfRecord(record, event),
    model: undefined,
    puid: headerText(record.headers, 'seldon-puid'),
    headers: headersForPredictor(record.headers, event),
    deadline,
  };
}

/** The event's own word, else the header that Seldon's records have. */
function protoNameOfRecord(record: InputRecord, event: Event | undefined): string | undefined {
  const told = event === undefined ? undefined : protoNameOf(event);
  return told ?? (headerText(record.headers, 'proto-name') || undefined);
}

function verdictOf(outcome: Outcome, record: InputRecord, form: Mode | 'raw'): Verdict {
  switch (outcome.kind) {
    case 'accepted':
      return { kind: 'skipped', reason: 'feedback' };
    // Records are answered by records: nothing delivers their replies elsewhere.
    case 'delivered':
      return { kind: 'failed', error: AdapterError.from('a record was answered by a sink') };
    case 'skipped':
    case 'failed':
      return outcome;
    case 'replied':
      return { kind: 'output', output: outputOf(outcome, record, form) };
    default:
      return outcome satisfies never;
  }
}

function outputOf(
  { reply, puid, protoName }: Outcome & { readonly kind: 'replied' },
  record: InputRecord,
  form: Mode | 'raw',
): OutputRecord {
  const encoded =
    form === 'raw'
      ? { headers: rawHeaders(reply, record), value: reply.data ?? null }
      : encodeKafka(reply, form);
  encoded.headers['Seldon-Puid'] = puid;
  if (protoName !== undefined) encoded.headers['proto-name'] = protoName;
  return {
    key: record.key,
    value: encoded.value,
    headers: encoded.headers,
    inputPartition: record.partition,
  };
}

function rawHeaders(reply: Event, record: InputRecord): Record<string, string> {
  const headers: Record<string, string> = {};
  if (reply.datacontenttype !== undefined) headers['content-type'] = reply.datacontenttype;
  for (const name of ['traceparent', 'tracestate'] as const) {
    const value = headerText(record.headers, name);
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}
