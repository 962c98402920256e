/** The metrics that say how the Kafka path is doing, read from it when they are read. */

import type { PartitionReport } from '../delivery/partition-report.ts';
import type { KafkaAdapter } from '../kafka/kafka-adapter.ts';
import type { AdapterMetrics } from '../observability/metrics.ts';

const prefix = 'seldon_eventing_kafka';

const ofPartitions: readonly (readonly [
  name: string,
  help: string,
  read: (report: PartitionReport) => number,
])[] = [
  ['lag', 'Records of our partitions from the committed offset on', (p) => p.lag],
  [
    'oldest_unanswered_seconds',
    'Age of the oldest record that was fetched and is not answered',
    (p) => p.oldestAgeMs / 1_000,
  ],
  ['in_flight', 'Records that were predicted on at least once and are not done', (p) => p.inFlight],
  ['retrying', 'Records between a failure and the end of their retry', (p) => p.retrying],
  ['done_beyond', 'Records done beyond the answered prefix', (p) => p.doneBeyond],
];

/** Adds the metrics of the Kafka path. */
export function watchKafka(metrics: AdapterMetrics, kafka: KafkaAdapter): void {
  metrics.watch(`${prefix}_running`, 'Predictions running for Kafka', kafka.running);
  metrics.watch(
    `${prefix}_paused_partitions`,
    'Partitions that are not fetched because enough of them waits here',
    () => kafka.partitions().filter(({ paused }) => paused).length,
  );
  metrics.watch(
    `${prefix}_unanswered_seconds`,
    'For how long Kafka has not answered us; 0 while it does',
    () => kafka.unansweredMs() / 1_000,
  );
  metrics.watch(
    `${prefix}_standing_still`,
    'Partitions beyond KAFKA_MAX_TRANSACTIONAL_PARTITIONS, which are not answered here',
    kafka.standingStill,
  );
  for (const [name, help, read] of ofPartitions) {
    metrics.watchPartitions(`${prefix}_${name}`, help, () =>
      kafka.partitions().map((report) => [report.partition, read(report)]),
    );
  }
}
