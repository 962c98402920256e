/** What is acknowledged is written, whatever leads its partition by the time it is. */

import { type Admin, type Message, Partitioners } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import type { KafkaBroker } from '../../../src/demo/kafka-broker.ts';
import { createReplaceableProducer } from '../../../src/kafka/producer.ts';
import { brokerOptions, kafkaMissing, kafkaOf, readTopic } from '../../support/broker.ts';
import { startBrokerCluster } from '../../support/broker-cluster.ts';
import { eventually } from '../../support/kafka-case.ts';
import { apiKey, type KafkaProxy, startKafkaProxy } from '../../support/kafka-proxy.ts';
import { createTopics } from '../../support/topic-records.ts';

const missing = await kafkaMissing();

interface Pair {
  readonly brokers: readonly KafkaBroker[];
  readonly proxies: readonly [KafkaProxy, KafkaProxy];
  readonly close: () => Promise<void>;
}

/** Brokers 1 and 2 of one cluster, each behind a proxy. */
async function startPair(): Promise<Pair> {
  const proxies = await Promise.all([startKafkaProxy(), startKafkaProxy()] as const);
  const brokers = await startBrokerCluster(
    proxies.length,
    brokerOptions,
    (i) => proxies[i]?.properties ?? {},
  );
  return {
    brokers,
    proxies,
    close: async () => {
      await Promise.all(brokers.map((broker) => broker.close()));
      await Promise.all(proxies.map((proxy) => proxy.close()));
    },
  };
}

async function moveTo(
  admin: Admin,
  topic: string,
  partition: number,
  broker: number,
): Promise<void> {
  await admin.alterPartitionReassignments({
    topics: [{ topic, partitionAssignment: [{ partition, replicas: [broker] }] }],
  });
  await eventually(`broker ${broker} leads ${topic}/${partition}`, async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions.find((p) => p.partitionId === partition)?.leader === broker;
  });
}

describe.skipIf(missing)('records for two brokers, one of which loses its partitions', () => {
  test('a partition that is led by a broker which has answered already is written all the same', async () => {
    const pair = await startPair();
    const [one, two] = pair.proxies;
    const direct = pair.brokers.flatMap(({ brokers }) => brokers);
    const admin = kafkaOf(direct).admin();
    const producer = createReplaceableProducer(
      kafkaOf([one.address, two.address]),
      Partitioners.DefaultPartitioner,
      { debug: () => undefined },
    );
    const topic = 'two-leaders';
    const messages: Message[] = Array.from({ length: 20 }, (_, i) => ({
      value: String(i),
      partition: i % 2,
    }));
    try {
      await admin.connect();
      const replicaAssignment = [
        { partition: 0, replicas: [1] },
        { partition: 1, replicas: [2] },
      ];
      await createTopics(admin, [{ topic, replicaAssignment }]);
      two.withhold([apiKey.produce]);
      const sent = producer.send([{ topic, messages }]).then(
        () => 'acknowledged',
        () => 'failed',
      );
      await eventually('the second broker was asked', async () => two.suppressed() > 0);
      await eventually('the first has answered', async () => {
        const [first] = await admin.fetchTopicOffsets(topic);
        return first?.high === '10';
      });
      await moveTo(admin, topic, 1, 1);
      two.withhold([]);
      two.cutAll();
      // Who is told of a failure sends it all again.
      if ((await sent) === 'failed') await producer.send([{ topic, messages }]);
      const written = await readTopic(direct, topic, (records) => {
        const values = new Set(records.map(({ value }) => value));
        return values.size === messages.length;
      });
      expect(new Set(written.map(({ value }) => value)).size).toBe(messages.length);
    } finally {
      await producer.close();
      await admin.disconnect();
      await pair.close();
    }
  });
});
