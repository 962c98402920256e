/** A member outlives its brokers, as the member that it was: it never waits out its old self. */

import { describe, expect, test } from 'vitest';
import type { KafkaBroker } from '../../../src/demo/kafka-broker.ts';
import { brokerOptions, kafkaMissing } from '../../support/broker.ts';
import { startBrokerCluster } from '../../support/broker-cluster.ts';
import {
  createKafkaCase,
  eventually,
  type KafkaCase,
  outputsOf,
} from '../../support/kafka-case.ts';

const missing = await kafkaMissing();

/** With every topic on all of them. */
const startCluster = (size: number): Promise<KafkaBroker[]> =>
  startBrokerCluster(size, brokerOptions, () => ({
    'default.replication.factor': String(size),
    'offsets.topic.replication.factor': String(size),
    'transaction.state.log.replication.factor': String(size),
  }));

const memberIds = async (c: KafkaCase): Promise<string[]> => {
  const { groups } = await c.admin.describeGroups([c.group]);
  return groups[0]?.members.map(({ memberId }) => memberId) ?? [];
};

describe.skipIf(missing)('a member whose broker goes and comes back', () => {
  // A new member would have to wait for longer than these tests have.
  const environment = { KAFKA_SESSION_TIMEOUT_MS: '300000', KAFKA_REQUEST_TIMEOUT_MS: '3000' };

  test('the only broker: the same member goes on', async () => {
    const [broker] = await startCluster(1);
    if (broker === undefined) throw new Error('no broker');
    const c = await createKafkaCase({ brokers: broker.brokers, environment });
    try {
      await c.start();
      await c.send(0, 20);
      await c.answered(20);
      const before = await memberIds(c);
      await broker.kill();
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      await broker.start();
      await c.send(20, 40);
      await c.answered(40);
      expect(await memberIds(c)).toEqual(before);
      expect(before).toHaveLength(1);
    } finally {
      await c.close();
      await broker.close();
    }
  });

  test('one of three brokers, whichever it is: the same member goes on without it', async () => {
    const brokers = await startCluster(3);
    const c = await createKafkaCase({
      brokers: brokers.flatMap((b) => b.brokers),
      partitions: 3,
      environment,
    });
    try {
      await c.start();
      await c.send(0, 30);
      await c.answered(30);
      const before = await memberIds(c);
      let sent = 30;
      for (const broker of brokers) {
        await broker.kill();
        await c.send(sent, sent + 30);
        sent += 30;
        await c.answered(sent);
        // Its partitions' offsets are committed by the coordinator that took the group over.
        await eventually('everything is committed', async () =>
          (await c.committed()).every((offset) => offset === sent / 3),
        );
        await broker.start();
      }
      expect(await memberIds(c)).toEqual(before);
      expect(before).toHaveLength(1);
      expect(new Set(outputsOf(c)).size).toBe(sent);
      expect(c.log.records(c.errors)).toEqual([]);
    } finally {
      await c.close();
      await Promise.all(brokers.map((broker) => broker.close()));
    }
  });
});
