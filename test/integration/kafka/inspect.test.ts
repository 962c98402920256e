/** What `doctor --kafka` learns of a real broker, and that it changes nothing there. */

import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import { describe, expect, test, vi } from 'vitest';
import { schedule } from '../../../src/commands/clock.ts';
import { findFreePort } from '../../../src/demo/free-port.ts';
import { createKafkaClient } from '../../../src/kafka/client.ts';
import { inspectKafka } from '../../../src/kafka/inspect/inspect.ts';
import { acl, aclRule, useAuthorisingBroker } from '../../support/authorising-broker.ts';
import { kafkaMissing, kafkaOf } from '../../support/broker.ts';
import { createTopics } from '../../support/topic-records.ts';

const missing = await kafkaMissing();
const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const clientOf = (brokers: readonly string[]): Kafka =>
  createKafkaClient({ brokers, clientId: 'test', requestTimeoutMs: 10_000 }, log);

describe.skipIf(missing)('looking at topics and a group', () => {
  const broker = useAuthorisingBroker({
    // A look must not make what it looks for.
    'auto.create.topics.enable': 'true',
  });

  const names = () => {
    const name = `inspect-${randomUUID().slice(0, 8)}`;
    const input = `${name}.in`;
    return { input, output: `${name}.out`, group: name };
  };
  const look = ({ input, output, group }: ReturnType<typeof names>) =>
    inspectKafka(
      {
        topics: [
          { role: 'input', name: input },
          { role: 'output', name: output },
        ],
        group,
      },
      { kafka: clientOf(broker.brokers), schedule },
    );

  test('tells partitions, rights, positions; a group that nobody made is not made', async () => {
    const c = names();
    await createTopics(broker.admin, [
      { topic: c.input, numPartitions: 2 },
      { topic: c.output, numPartitions: 3 },
    ]);
    const producer = kafkaOf(broker.brokers).producer({ idempotent: true });
    await producer.connect();
    await producer.send({
      topic: c.input,
      messages: [0, 0, 1].map((partition) => ({ partition, value: 'x' })),
    });
    await producer.disconnect();
    const before = await look(c);
    expect(before.unreachable).toBeUndefined();
    expect(before.topics).toMatchObject([
      { name: c.input, partitions: 2, problem: undefined },
      { name: c.output, partitions: 3, problem: undefined },
    ]);
    expect(before.topics[0]?.operations).toEqual(expect.arrayContaining(['READ', 'DESCRIBE']));
    expect(before.group).toMatchObject({ state: 'Dead', members: 0, problem: undefined });
    expect(before.group.positions).toEqual([
      { partition: 0, committed: -1, low: 0, high: 2 },
      { partition: 1, committed: -1, low: 0, high: 1 },
    ]);
    const groups = (await broker.admin.listGroups()).groups.map(({ groupId }) => groupId);
    expect(groups).not.toContain(c.group);
    await broker.admin.setOffsets({
      groupId: c.group,
      topic: c.input,
      partitions: [{ partition: 0, offset: '1' }],
    });
    const after = await look(c);
    expect(after.group.positions.map(({ committed }) => committed)).toEqual([1, -1]);
    expect(after.group.state).toBe('Empty');
    expect(after.group.operations).toEqual(expect.arrayContaining(['READ', 'DESCRIBE']));
  });

  test('a topic that is not there is told, and not made', async () => {
    const c = names();
    await createTopics(broker.admin, [{ topic: c.output, numPartitions: 1 }]);
    const { topics, group } = await look(c);
    expect(topics[0]).toMatchObject({ problem: 'does not exist', partitions: undefined });
    expect(topics[1]?.problem).toBeUndefined();
    expect(group.positions).toEqual([]);
    expect(await broker.admin.listTopics()).not.toContain(c.input);
  });

  test('what this user may not do is told', async () => {
    const c = names();
    await createTopics(broker.admin, [
      { topic: c.input, numPartitions: 1 },
      { topic: c.output, numPartitions: 1 },
    ]);
    const rules = [
      aclRule(acl.topic, c.input, acl.describe),
      aclRule(acl.topic, c.input, acl.all, { deny: false }),
      aclRule(acl.topic, c.output, acl.write),
      aclRule(acl.topic, c.output, acl.all, { deny: false }),
      aclRule(acl.group, c.group, acl.describe),
      aclRule(acl.group, c.group, acl.all, { deny: false }),
    ];
    await broker.admin.createAcls({ acl: rules });
    // A broker takes rules up a moment after it has said that it has them.
    await vi.waitFor(
      async () => {
        const { unreachable, topics, group } = await look(c);
        expect(unreachable).toBeUndefined();
        expect(topics[0]?.problem ?? '').toContain('may not be seen by this user');
        expect(topics[1]?.operations).toContain('DESCRIBE');
        expect(topics[1]?.operations).not.toContain('WRITE');
        expect(group.problem ?? '').toContain('may not be seen by this user');
      },
      { timeout: 10_000, interval: 200 },
    );
  });

  test('brokers that are away are told', async () => {
    const away = [`127.0.0.1:${await findFreePort()}`];
    const options = { topics: [{ role: 'input', name: 'in' }], group: 'g' } as const;
    const { unreachable, topics } = await inspectKafka(options, {
      kafka: clientOf(away),
      schedule,
    });
    expect(unreachable).toMatch(/ECONNREFUSED|Connection error/);
    expect(topics).toEqual([]);
  });
});
