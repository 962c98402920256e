/** What became of events, records, feedback and copies of payloads, counted. */

import { Counter, Gauge, type Registry } from 'prom-client';
import { labelsOf, type ModelName, modelLabels } from './model-labels.ts';
import { remembered } from './remembered.ts';

export interface Counters {
  /** A model was told how good its prediction was. */
  readonly rewarded: (model: ModelName, reward: number) => void;
  /** One copy of a payload was sent to a logger's sink, or not. */
  readonly copied: (end: string) => void;
  /** One event that needed no prediction. */
  readonly skipped: (reason: string) => void;
  /** One event delivered again, or with another's id. */
  readonly duplicate: (result: string) => void;
  /** One answer for late duplicates was given up before its time. */
  readonly duplicateEvicted: () => void;
  /** One failure was answered with an event. */
  readonly errorEvent: (code: string) => void;
  /** One connection to a server was refused: there were too many. */
  readonly connectionRefused: (server: string) => void;
  /** What became of Kafka records, and their failed attempts. */
  readonly record: (result: string, detail: string) => void;
  readonly missed: (records: number) => void;
}

/** Registers them. */
export function createCounters(registers: Registry[]): Counters {
  const feedback = new Counter({
    name: 'seldon_api_model_feedback_total',
    help: 'Feedback that was taken to a model',
    labelNames: modelLabels,
    registers,
  });
  // Rewards may be negative, so that their sum is no counter.
  const rewards = new Gauge({
    name: 'seldon_api_model_feedback_reward_total',
    help: 'Sum of the rewards in it',
    labelNames: modelLabels,
    registers,
  });
  const copies = new Counter({
    name: 'seldon_eventing_payload_copies_total',
    help: 'Copies of payloads for loggers, by whether they were sent, failed or were dropped',
    labelNames: ['result'],
    registers,
  });
  const skipped = new Counter({
    name: 'seldon_eventing_events_skipped_total',
    help: 'Events that needed no prediction',
    labelNames: ['reason'],
    registers,
  });
  const duplicates = new Counter({
    name: 'seldon_eventing_duplicates_total',
    help: 'Events delivered again that shared a prediction or were answered as before, and events with the id of another',
    labelNames: ['result'],
    registers,
  });
  const duplicatesEvicted = new Counter({
    name: 'seldon_eventing_duplicate_store_evicted_total',
    help: 'Answers for late duplicates that were given up before their time, for want of room',
    registers,
  });
  const errorEvents = new Counter({
    name: 'seldon_eventing_error_events_total',
    help: 'Events answered with an error event',
    labelNames: ['code'],
    registers,
  });
  const connectionsRefused = new Counter({
    name: 'seldon_eventing_connections_refused_total',
    help: 'Connections closed at once, since there were MAX_CONNECTIONS',
    labelNames: ['server'],
    registers,
  });
  const records = new Counter({
    name: 'seldon_eventing_kafka_records_total',
    help: 'Kafka records by what became of them, and failed attempts at them',
    labelNames: ['result', 'detail'],
    registers,
  });
  const record = remembered((result, detail) => records.labels({ result, detail }));
  const missed = new Counter({
    name: 'seldon_eventing_kafka_records_missed_total',
    help: 'Kafka records removed from the topic before they were answered',
    registers,
  });

  return {
    rewarded: (model, reward) => {
      const labels = labelsOf(model);
      feedback.inc(labels);
      rewards.inc(labels, reward);
    },
    copied: (result) => copies.inc({ result }),
    skipped: (reason) => skipped.inc({ reason }),
    duplicate: (result) => duplicates.inc({ result }),
    duplicateEvicted: () => duplicatesEvicted.inc(),
    errorEvent: (code) => errorEvents.inc({ code }),
    connectionRefused: (server) => connectionsRefused.inc({ server }),
    record: (result, detail) => record(result, detail).inc(),
    missed: (count) => missed.inc(count),
  };
}
