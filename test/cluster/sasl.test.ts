/**
 * A managed Kafka, as config/kafka/seldon-core-2.yaml has it: SASL and a private authority. KEDA
 * shows what the controller's TriggerAuthentication takes from the Secrets of the adapter. The shape
 * is that of KEDA's tutorial on Event Hubs: from 1 to 5 replicas on 5 partitions, whatever the lag.
 */

import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import type { Manifest } from '../../src/controller/render/manifest.ts';
import { configDir } from '../support/config-dir.ts';
import { user, useSecureBroker } from '../support/secure-broker.ts';
import { createTopics, kafkaOf, produceRecords, readTopic } from '../support/topic-records.ts';
import { useCluster } from './support/in-cluster.ts';
import { lagOf, watchScaling } from './support/scaling-watch.ts';

const access = inject('cluster');
const cluster = useCluster(access);
const broker = await useSecureBroker();

const namespace = 'seldon';
const deployment = 'core-2-scram-default-0-classifier-seldon-container-engine';
const group = 'default.core-2-scram.seldon';
const [input, output, partitions] = ['requests', 'predictions', 5];

/** What a user fills in, and a model that takes its time. */
function filledIn(manifest: Manifest): Manifest {
  if (manifest.kind !== 'SeldonDeployment') {
    const { name } = manifest.metadata;
    const stringData =
      name === 'kafka-sasl-secret'
        ? { password: user.password }
        : { 'ca.crt': broker.authority.certPem };
    return { ...manifest, stringData };
  }
  const text = JSON.stringify(manifest)
    .replaceAll('kafka.example.com:9093', broker.at('SCRAM'))
    // KEDA drops a remainder: it would let a sixth replica come for a moment (docs/scaling.md).
    .replace('"maxReplicaCount":6', `"maxReplicaCount":${partitions}`)
    .replace('"name":"KAFKA_SASL_USERNAME","value":"seldon"', () => {
      return `"name":"KAFKA_SASL_USERNAME","value":"${user.name}"`;
    })
    .replace(
      '"image":"seldonio/mock_classifier:1.18.2"',
      '"image":"seldonio/mock_classifier:1.18.2","env":[{"name":"DELAY_MS","value":"500"}]',
    );
  return JSON.parse(text);
}

describe.skipIf(access === undefined || broker.missing)('on KEDA, with SASL', () => {
  test('a backlog calls for as many replicas as there are partitions, and no more', async ({
    task,
  }) => {
    const kafka = kafkaOf(broker.brokers).admin();
    await kafka.connect();
    const topics = [input, output, `${output}.errors`];
    await createTopics(
      kafka,
      topics.map((topic) => ({ topic, numPartitions: partitions })),
    );
    const { admin } = cluster;
    await admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    await cluster.applyFile(join(configDir, 'kafka/seldon-core-2.yaml'), filledIn);
    const scaledObject = {
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'ScaledObject',
      metadata: { name: deployment, namespace },
    };
    const live = await cluster.becomes(scaledObject, 'Ready');
    expect(live.spec?.['maxReplicaCount']).toBe(partitions);
    expect(live.spec?.['triggers']).toEqual([
      expect.objectContaining({ authenticationRef: { name: expect.any(String) } }),
    ]);
    const watch = watchScaling({ admin, kafka, namespace, deployment, topic: input, group });
    try {
      const records = Array.from({ length: 4_000 }, (_, n) => ({
        key: String(n),
        value: '{"data":{"ndarray":[[1,2,3,4]]}}',
      }));
      await produceRecords(broker.brokers, input, records);
      await watch.until('five replicas', ({ ready }) => ready === partitions);
      await watch.until('all to be answered', ({ lag }) => lag === 0);
    } finally {
      await watch.close();
    }
    const most = Math.max(...watch.samples.map(({ replicas }) => replicas));
    expect(most).toBe(partitions);
    const answered = await readTopic(
      broker.brokers,
      output,
      (records) => new Set(records.map(({ key }) => key)).size >= 4_000,
    );
    const keys = new Set(answered.map(({ key }) => key)).size;
    expect(keys).toBe(4_000);
    task.meta.numbers = `${most} replicas of at most ${partitions}; 4000 records, ${4_000 - keys} lost`;
    expect(await lagOf(kafka, input, group)).toBe(0);
    await kafka.disconnect();
  });
});
