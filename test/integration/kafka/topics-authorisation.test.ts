/** Topics and groups that a user may not use: told by name, and used once they may (design.md §3.4). */

import { describe, expect, test } from 'vitest';
import { acl, aclRule, useAuthorisingBroker } from '../../support/authorising-broker.ts';
import { kafkaMissing } from '../../support/broker.ts';
import { eventually, useKafkaCases } from '../../support/kafka-case.ts';
import { createTopics } from '../../support/topic-records.ts';

const missing = await kafkaMissing();

describe.skipIf(missing)('topics and groups that are kept from us', () => {
  const broker = useAuthorisingBroker();
  const begin = useKafkaCases(broker);

  test('one that may not be described is named as such, and used when it may', async () => {
    const c = await begin();
    const rules = [
      aclRule(acl.topic, c.input, acl.describe),
      aclRule(acl.topic, c.input, acl.all, { deny: false }),
    ];
    await broker.admin.createAcls({ acl: rules });
    const adapter = await c.spawn();
    await eventually('it says so', () =>
      adapter.output().includes(`${c.input} (KAFKA_INPUT_TOPIC) may not be seen by this user`),
    );
    expect(adapter.output()).not.toContain('KAFKA_OUTPUT_TOPIC) may');
    await broker.admin.deleteAcls({ filters: rules });
    await c.send(0, 4);
    await c.answered(4);
  });

  test('one that may not be created is named as such, and used when somebody made it', async () => {
    const c = await begin({ withoutInput: true });
    const rules = [
      aclRule(acl.cluster, 'kafka-cluster', acl.create),
      aclRule(acl.cluster, 'kafka-cluster', acl.all, { deny: false }),
      aclRule(acl.topic, c.input, acl.create),
      aclRule(acl.topic, c.input, acl.all, { deny: false }),
    ];
    await broker.admin.createAcls({ acl: rules });
    const adapter = await c.spawn({ KAFKA_NUM_PARTITIONS: '2' });
    await eventually('it says so', () =>
      /KAFKA_INPUT_TOPIC\) does not exist, and this user may not create it/.test(adapter.output()),
    );
    await broker.admin.deleteAcls({ filters: rules });
    await createTopics(broker.admin, [{ topic: c.input, numPartitions: 2 }]);
    await c.send(0, 4);
    await c.answered(4);
  });

  test('a group that may not be joined is named as such, never called joined, and joined when it may', async () => {
    const c = await begin();
    const rules = [
      aclRule(acl.group, c.group, acl.read),
      aclRule(acl.group, c.group, acl.all, { deny: false }),
    ];
    await broker.admin.createAcls({ acl: rules });
    const adapter = await c.spawn();
    await eventually('it says so', () =>
      /Not authorized to access group.*Kafka cannot be used; trying again/.test(adapter.output()),
    );
    expect(adapter.output()).not.toContain('joined the consumer group');
    await broker.admin.deleteAcls({ filters: rules });
    await c.send(0, 4);
    await c.answered(4);
    expect(adapter.output()).toContain('Kafka can be used again');
  });
});
