/** Spans of the writing of answers to the output topic: `send`, below the attempt that made them. */

import type { OutputRecord } from './record.ts';
import type { Publish } from './releaser.ts';
import { isSampled, type Span, type SpanEnd, type Tracing } from './tracing.ts';
import type { TransactionBegun, TransactionEnd } from './transactional-writer.ts';

/** What is put around the writing of outputs where something is traced, for either delivery. */
export interface TracedWrites {
  readonly publish: (publish: Publish) => Publish;
  readonly begun: TransactionBegun;
}

/** @param topic of the outputs */
export const tracedWrites = (topic: string, tracing: Tracing): TracedWrites => ({
  publish: (publish) => tracedPublish(publish, topic, tracing),
  begun: tracedTransactions(topic, tracing),
});

/** Writing an answer, until all in-sync replicas have it. */
function tracedPublish(publish: Publish, topic: string, tracing: Tracing): Publish {
  return (output, wanted, settled) => {
    const span = startSend(output, topic, tracing);
    if (span === undefined) return publish(output, wanted, settled);
    publish(output, wanted, (refused) => {
      span.end(refused === undefined ? undefined : { error: 'OUTPUT_TOO_LARGE' });
      settled(refused);
    });
  };
}

/**
 * Writing the answers of a transaction, until it is known how that ended: an answer of one that was
 * aborted is seen by nobody, and the attempt to write it again is a span of its own.
 */
function tracedTransactions(topic: string, tracing: Tracing): TransactionBegun {
  return (outputs) => {
    const spans: Span[] = [];
    for (const output of outputs) {
      const span = startSend(output, topic, tracing);
      if (span !== undefined) spans.push(span);
    }
    if (spans.length === 0) return undefined;
    return (end, reason) => {
      const told = endOf(end, reason);
      for (const span of spans) span.end(told);
    };
  };
}

/** @returns undefined where the answer is of no sampled trace */
function startSend(output: OutputRecord, topic: string, tracing: Tracing): Span | undefined {
  const parent = output.headers['traceparent'];
  if (typeof parent !== 'string' || !isSampled(parent)) return undefined;
  return tracing.start({
    name: `send ${topic}`,
    kind: 'producer',
    parent,
    fields: {
      'messaging.system': 'kafka',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.name': topic,
      'messaging.message.body.size': output.value?.byteLength ?? 0,
    },
  });
}

function endOf(end: TransactionEnd, reason: unknown): SpanEnd {
  const fields = { 'seldon.transaction.end': end };
  if (end === 'committed') return { fields };
  const error = end === 'aborted' ? 'TRANSACTION_ABORTED' : 'TRANSACTION_UNKNOWN';
  return { fields, error, message: reason instanceof Error ? reason.message : undefined };
}
