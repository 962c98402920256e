/** Wires the Kafka path of the adapter. */

import type { AdapterConfig } from '../config/adapter.ts';
import type { Dispatch } from '../delivery/dispatch.ts';
import type { Log } from '../delivery/ports.ts';
import { createProcessRecord, type ProcessRecord } from '../delivery/process-record.ts';
import { tracedRecords } from '../delivery/traced-records.ts';
import { tracedWrites } from '../delivery/traced-writes.ts';
import type { Tracing } from '../delivery/tracing.ts';
import type { Identity } from '../event/names.ts';
import { createKafkaClient } from '../kafka/client.ts';
import { createKafkaAdapter, type KafkaAdapter } from '../kafka/kafka-adapter.ts';
import type { AdapterMetrics } from '../observability/metrics.ts';
import type { Readiness } from '../predictor/readiness.ts';
import { now, schedule, wallClock } from './clock.ts';
import { kafkaSecurityOf } from './kafka-security.ts';
import { watchKafka } from './watch-kafka.ts';

export interface StartKafkaDeps {
  readonly dispatch: Dispatch;
  /** Where records share the predictor's places: gives each one. */
  readonly inTurn?: ((process: ProcessRecord) => ProcessRecord) | undefined;
  readonly identity: Identity;
  readonly readiness: Readiness;
  readonly metrics: AdapterMetrics;
  readonly log: Log;
  readonly tracing: Tracing | undefined;
}

/** @returns the started Kafka path; undefined where it is off */
export function startKafka(config: AdapterConfig, deps: StartKafkaDeps): KafkaAdapter | undefined {
  const { kafka: topics } = config;
  if (topics === undefined) return undefined;
  const { dispatch, identity, readiness, metrics, log, tracing } = deps;
  const { brokers } = topics;
  const clientId = `seldon-eventing.${topics.consumerGroup}`;
  const security = kafkaSecurityOf(config, log);
  const { attemptTimeoutMs: timeoutMs, outputForm, trafficShare: share } = config;
  const processAlone = createProcessRecord({ outputForm, timeoutMs, share }, { dispatch, now });
  const process = deps.inTurn?.(processAlone) ?? processAlone;
  const adapter = createKafkaAdapter(
    {
      ...topics,
      identity,
      workers: config.workers,
      ordering: config.ordering,
      delivery: config.delivery,
      maxTransactionalPartitions: config.maxTransactionalPartitions,
      transactionTimeoutMs: config.transactionTimeoutMs,
      maxAttempts: config.maxAttempts,
      maxAhead: config.maxAhead,
      retry: { baseMs: config.retryBaseMs, maxMs: config.retryMaxMs },
      reset: config.offsetReset,
      sessionTimeoutMs: config.sessionTimeoutMs,
      leaveAfterMs: config.leaveAfterMs,
      rebalanceDrainMs: config.rebalanceDrainMs,
      // An attempt that takes its time is no sign of being stuck.
      stuckAfterMs:
        config.stuckAfterMs === 0 ? 0 : Math.max(config.stuckAfterMs, 2 * config.attemptTimeoutMs),
    },
    {
      kafka: createKafkaClient(
        {
          brokers,
          clientId,
          requestTimeoutMs: config.kafkaRequestTimeoutMs,
          compression: config.compression,
          security,
        },
        log,
      ),
      process:
        tracing === undefined ? process : tracedRecords(process, topics.consumerGroup, tracing),
      traced: tracing && tracedWrites(topics.outputTopic, tracing),
      predictorReady: readiness.ready,
      mayConnect: () => security.mayConnect(brokers),
      now,
      wallClock,
      schedule,
      random: Math.random,
      log,
      count: metrics.record,
      countMissed: metrics.missed,
    },
  );
  watchKafka(metrics, adapter);
  adapter.start();
  return adapter;
}
