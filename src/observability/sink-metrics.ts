/** Metrics of the delivery of reply events to a sink; there only where K_SINK is set. */

import { Counter, Histogram, type Registry } from 'prom-client';

export interface SinkMetrics {
  /** One reply event is delivered, or given up, after so long. */
  readonly ended: (result: 'delivered' | 'failed', seconds: number) => void;
  /** So many reply events were lost with the process. */
  readonly dropped: (count: number) => void;
  /** One attempt, by the sink's status, `timeout` or `unreached`. */
  readonly attempted: (code: string) => void;
}

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function createSinkMetrics(registers: Registry[]): SinkMetrics {
  const ends = new Counter({
    name: 'seldon_eventing_sink_events_total',
    help: 'Reply events for the sink, by whether they were delivered, failed or were dropped',
    labelNames: ['result'],
    registers,
  });
  const seconds = new Histogram({
    name: 'seldon_eventing_sink_delivery_seconds',
    help: 'Time until a reply event was delivered or given up, attempts and waits included',
    labelNames: ['result'],
    buckets,
    registers,
  });
  const attempts = new Counter({
    name: 'seldon_eventing_sink_attempts_total',
    help: 'Attempts to deliver, by what the sink answered',
    labelNames: ['code'],
    registers,
  });
  return {
    ended: (result, duration) => {
      ends.inc({ result });
      seconds.observe({ result }, duration);
    },
    dropped: (count) => ends.inc({ result: 'dropped' }, count),
    attempted: (code) => attempts.inc({ code }),
  };
}
