import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { watchKafka } from '../../../src/commands/watch-kafka.ts';
import type { KafkaAdapter } from '../../../src/kafka/kafka-adapter.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';

/** Two partitions, of which one is paused. */
const kafka: KafkaAdapter = {
  start: () => undefined,
  predictorChanged: () => undefined,
  hasJoined: () => true,
  state: () => 'a member of the consumer group',
  unansweredMs: () => 1_500,
  running: () => 3,
  partitions: () =>
    [0, 1].map((partition) => ({
      partition,
      lag: 10 + partition,
      oldestAgeMs: 2_500,
      inFlight: 3,
      retrying: 1,
      doneBeyond: 4,
      paused: partition === 1,
    })),
  standingStill: () => 2,
  stuck: () => undefined,
  halt: () => undefined,
  close: async () => undefined,
};

const metrics = createMetrics({ sdep: 'iris', namespace: 'default', predictor: 'default' });
watchKafka(metrics, kafka);

test('the Kafka path shows lag, age, in flight, retries, pauses, what is done beyond, and outages', async () => {
  const lines = (await metrics.expose(undefined)).text.replaceAll(
    /(deployment|predictor)_name="\w+",?/g,
    '',
  );
  const values = [...lines.matchAll(/^seldon_eventing_kafka_(\w+)\{([^}]*?),?\} (\S+)$/gm)].map(
    ([, name, labels, value]) => `${name} ${labels} ${value}`,
  );
  expect(values).toEqual(
    expect.arrayContaining([
      'running  3',
      'paused_partitions  1',
      'unanswered_seconds  1.5',
      'standing_still  2',
      'lag partition="0" 10',
      'lag partition="1" 11',
      'oldest_unanswered_seconds partition="0" 2.5',
      'in_flight partition="0" 3',
      'retrying partition="0" 1',
      'done_beyond partition="0" 4',
    ]),
  );
});

test('docs/metrics.md names every metric', async () => {
  const document = readFileSync('docs/metrics.md', 'utf8');
  const wired = readFileSync('src/commands/start-adapter.ts', 'utf8');
  const names = [
    ...[...(await metrics.expose(undefined)).text.matchAll(/^# HELP (\S+)/gm)].map(
      ([, name]) => name,
    ),
    ...[...wired.matchAll(/'(seldon_eventing_\w+)'/g)].map(([, name]) => name),
  ];
  expect(names.length).toBeGreaterThan(12);
  expect(names.filter((name) => !document.includes(`\`${name}\``))).toEqual([]);
});
