/** Spans of a record's attempts (traced-writes.ts: those of the writing of their answers). */

import type { ProcessRecord, Verdict } from './process-record.ts';
import type { InputRecord, OutputRecord } from './record.ts';
import { headerText } from './record-headers.ts';
import {
  isSampled,
  passesThrough,
  type SpanEnd,
  type SpanFields,
  type Tracing,
} from './tracing.ts';

/** Each attempt is a span of its own, whose parent is what the record says. */
export function tracedRecords(
  process: ProcessRecord,
  group: string,
  tracing: Tracing,
): ProcessRecord {
  return async (record) => {
    const parent =
      headerText(record.headers, 'traceparent') ?? headerText(record.headers, 'ce_traceparent');
    if (passesThrough(parent, tracing)) return process(record);
    const span = tracing.start({
      name: `process ${record.topic}`,
      kind: 'consumer',
      parent,
      state: headerText(record.headers, 'tracestate'),
      fields: isSampled(parent) || parent === undefined ? fieldsOf(record, group) : undefined,
    });
    const verdict = await process(within(record, span.traceparent));
    if (!span.isRecorded) return verdict;
    span.end(endOf(verdict));
    return verdict.kind === 'output' ? carrying(verdict.output, span.traceparent) : verdict;
  };
}

const fieldsOf = (record: InputRecord, group: string): SpanFields => ({
  'messaging.system': 'kafka',
  'messaging.operation.name': 'process',
  'messaging.operation.type': 'process',
  'messaging.destination.name': record.topic,
  'messaging.destination.partition.id': String(record.partition),
  'messaging.kafka.offset': record.offset,
  'messaging.consumer.group.name': group,
  'messaging.message.body.size': record.value?.byteLength ?? 0,
});

const within = (record: InputRecord, traceparent: string): InputRecord => {
  const headers = { ...record.headers };
  // Names match without regard to case.
  for (const name of Object.keys(headers)) {
    if (name.length === 11 && name.toLowerCase() === 'traceparent') delete headers[name];
  }
  headers['traceparent'] = traceparent;
  return { ...record, headers };
};

/** Consumers that know nothing of CloudEvents look for the trace in this header. */
const carrying = (output: OutputRecord, traceparent: string): Verdict => ({
  kind: 'output',
  output: { ...output, headers: { ...output.headers, traceparent } },
});

function endOf(verdict: Verdict): SpanEnd {
  switch (verdict.kind) {
    case 'output':
      return { fields: { 'seldon.outcome': 'answered' } };
    case 'skipped':
      return { fields: { 'seldon.outcome': `skipped: ${verdict.reason}` } };
    case 'failed': {
      const { code, fault, message } = verdict.error;
      return { fields: { 'seldon.error.class': fault }, error: code, message };
    }
    default:
      return verdict satisfies never;
  }
}
