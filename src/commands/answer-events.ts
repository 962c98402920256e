/**
 * Puts together how events over HTTP are answered, from the inside out: dispatch, in a place of the
 * limiter, once for all duplicates, with error events where these are on, delivered to the sink where
 * there is one, and until they expire.
 */

import type { AdapterConfig } from '../config/adapter.ts';
import type { Dispatch } from '../delivery/dispatch.ts';
import { createDuplicateStore } from '../delivery/duplicate-store.ts';
import { shareDuplicates } from '../delivery/duplicates.ts';
import { answerErrorsWithEvents } from '../delivery/error-events.ts';
import { heedExpiry } from '../delivery/expiry.ts';
import { failureFields, nextOfErrorEvent } from '../delivery/failure-line.ts';
import { createHandlingOf } from '../delivery/handling.ts';
import { dispatchInPlace } from '../delivery/in-place.ts';
import type { Limiter } from '../delivery/limiter.ts';
import type { Log } from '../delivery/ports.ts';
import type { Identity } from '../event/names.ts';
import type { ReplyFactory } from '../event/reply.ts';
import type { AdapterMetrics } from '../observability/metrics.ts';
import { now, schedule, wallClock } from './clock.ts';
import type { OpenSink } from './open-sink.ts';

export interface AnswerEventsDeps {
  readonly dispatch: Dispatch;
  readonly limiter: Limiter;
  readonly replies: ReplyFactory;
  /** Where replies go instead of to whoever asked. */
  readonly sink: OpenSink | undefined;
  readonly identity: Identity;
  readonly metrics: AdapterMetrics;
  readonly log: Log;
}

/** @returns what answers one event; it never rejects */
export function answerEvents(config: AdapterConfig, deps: AnswerEventsDeps): Dispatch {
  const { dispatch, limiter, identity, sink, metrics } = deps;
  const once = shareDuplicates(
    dispatchInPlace(limiter, dispatch),
    { model: config.model, maxSharers: config.maxConcurrency + config.maxWaiting },
    {
      handlingOf: createHandlingOf({ identity, eventTypes: new Set(config.eventTypes) }),
      store: openStore(config, metrics),
      now,
      schedule,
      count: metrics.duplicate,
    },
  );
  const answered = config.errorEvents === 'false' ? once : withErrorEvents(once, config, deps);
  const delivered = sink === undefined ? answered : sink.delivering(answered);
  return heedExpiry(delivered, { now, wallClock });
}

function withErrorEvents(
  work: Dispatch,
  config: AdapterConfig,
  { replies, metrics, log }: AnswerEventsDeps,
): Dispatch {
  return answerErrorsWithEvents(
    work,
    { model: config.model },
    {
      replies,
      wallClock,
      told: (error, event, traceparent) => {
        metrics.errorEvent(error.code);
        const context = { event, traceparent, next: nextOfErrorEvent };
        log.warn(failureFields(error, context), 'the event was answered with an error event');
      },
    },
  );
}

function openStore(config: AdapterConfig, metrics: AdapterMetrics) {
  const { dedupMaxEntries: maxEntries, dedupMaxBytes: maxBytes, dedupTtlMs: ttlMs } = config;
  if (maxEntries === 0) return undefined;
  const store = createDuplicateStore(
    { maxEntries, maxBytes, ttlMs },
    { now, evicted: metrics.duplicateEvicted },
  );
  metrics.watch(
    'seldon_eventing_duplicate_store_entries',
    'Answers kept for duplicates that come late',
    store.entries,
  );
  metrics.watch(
    'seldon_eventing_duplicate_store_bytes',
    'Memory that these answers take, by estimate',
    store.bytes,
  );
  return store;
}
