/** The experiment of config/keda on KEDA's own operator and Kubernetes' own autoscaler. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Admin } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Manifest } from '../../src/controller/render/manifest.ts';
import { configDir } from '../support/config-dir.ts';
import { createTopics, kafkaOf, readTopic } from '../support/topic-records.ts';
import { useCluster } from './support/in-cluster.ts';
import { lagOf, watchScaling } from './support/scaling-watch.ts';
import { toCsv, toSvg } from './support/timeline.ts';

const access = inject('cluster');
const cluster = useCluster(access);
let kafka: Admin | undefined;

beforeAll(async () => {
  if (access === undefined) return;
  kafka = kafkaOf(access.brokers).admin();
  await kafka.connect();
});
afterAll(() => kafka?.disconnect());

const file = join(configDir, 'keda/experiment.yaml');
const documentedBroker = 'my-cluster-kafka-bootstrap.default.svc.cluster.local:9092';
const [input, output, partitions] = ['event', 'event-predictions', 10];
const deployment = 'kafka-consumer-default-0-slow';
const group = 'default.kafka-consumer.default';

/** The manifest with the broker of the test; nobody here resolves the documented one for Kafka. */
const withBroker = (manifest: Manifest): Manifest =>
  JSON.parse(JSON.stringify(manifest).replaceAll(documentedBroker, cluster.brokers.join(',')));

/** What somebody does to the producer with `kubectl edit`: its rate, or 0 to take it away. */
const producing =
  (rate: number) =>
  (manifest: Manifest): Manifest => {
    const changed = JSON.stringify(withBroker(manifest)).replace(
      '"name":"PRODUCE_RATE","value":"1"',
      `"name":"PRODUCE_RATE","value":"${rate}"`,
    );
    const { spec, ...rest } = JSON.parse(changed);
    const isProducer = manifest.metadata.name === 'kafka-producer';
    return { ...rest, spec: isProducer && rate === 0 ? { ...spec, replicas: 0 } : spec };
  };

describe.skipIf(access === undefined)('on KEDA', () => {
  test('replicas follow the rate: 1, several, 1, none, and up again; no record is lost', async ({
    task,
  }) => {
    if (kafka === undefined) throw new Error('there is no broker');
    const topics = [input, output, `${output}.errors`];
    await createTopics(
      kafka,
      topics.map((topic) => ({ topic, numPartitions: partitions })),
    );
    const { admin } = cluster;
    const watch = watchScaling({ admin, kafka, deployment, topic: input, group });
    const produce = async (rate: number): Promise<void> => {
      await cluster.applyFile(file, producing(rate));
      watch.setRate(rate);
    };
    try {
      await produce(1);
      const oneIsEnough = 'one replica at a record a second';
      await watch.until(oneIsEnough, (it) => it.replicas === 1 && it.ready === 1 && it.lag < 5, 20);

      await produce(10);
      await watch.until('three replicas or more at ten a second', (it) => it.ready >= 3, 10);

      await produce(0.1);
      await watch.until('one replica at a record every ten seconds', (it) => it.replicas === 1);

      await produce(0);
      await watch.until('none without records', (it) => it.replicas === 0 && it.lag === 0);

      await produce(1);
      await watch.until('the first replica again', (it) => it.ready >= 1);
      await produce(0);
      await watch.until('all records to be answered', (it) => it.lag === 0, 5);
    } finally {
      await watch.close();
      await mkdir(cluster.artefacts, { recursive: true });
      await writeFile(join(cluster.artefacts, 'scaling.csv'), toCsv(watch.samples));
      const svg = toSvg(watch.samples, 'KEDA, 10 partitions, 300 ms a prediction, lagThreshold 5');
      await writeFile(join(cluster.artefacts, 'scaling.svg'), svg);
    }
    const most = Math.max(...watch.samples.map(({ replicas }) => replicas));
    expect(most).toBeLessThanOrEqual(partitions);

    const ends = await kafka.fetchTopicOffsets(input);
    const count = ends.reduce((sum, { offset }) => sum + Number(offset), 0);
    const sent = await readTopic(cluster.brokers, input, count);
    expect(sent).toHaveLength(count);
    // `produce` writes again what was not acknowledged: after a fault there may be more records
    // than events.
    const ids = new Set(sent.map(({ headers }) => headers['ce_id']));
    expect(ids).not.toContain(undefined);
    const answered = await readTopic(
      cluster.brokers,
      output,
      (records) =>
        new Set(records.map(({ headers }) => headers['ce_causationid'])).size >= ids.size,
    );
    const causes = new Set(answered.map(({ headers }) => headers['ce_causationid']));
    expect(causes).toEqual(ids);
    const lost = [...ids].filter((id) => !causes.has(id)).length;
    task.meta.numbers = `${most} replicas of at most ${partitions}; ${count} records of ${ids.size} events, ${lost} lost`;
    expect(await lagOf(kafka, input, group)).toBe(0);
    expect(await kafka.fetchTopicOffsets(`${output}.errors`)).toEqual(
      expect.not.arrayContaining([expect.not.objectContaining({ offset: '0' })]),
    );
  });
});
