/** Topics and groups that a user may not use: told by name, and used once they may (design.md §3.4). */

import type { Admin } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KafkaBroker, startKafkaBroker } from '../../../src/demo/kafka-broker.ts';
import { brokerOptions, kafkaMissing, kafkaOf } from '../../support/broker.ts';
import { eventually, useKafkaCases } from '../../support/kafka-case.ts';
import { createTopics } from '../../support/topic-records.ts';

const missing = await kafkaMissing();

/** kafkajs' enums, which Node cannot import by name from its CommonJS. */
const acl = {
  ...{ topic: 2, group: 3, cluster: 4, literal: 3 },
  ...{ deny: 2, allow: 3, all: 2, read: 3, create: 5, describe: 8 },
};

describe.skipIf(missing)('topics and groups that are kept from us', () => {
  let broker: KafkaBroker;
  let admin: Admin;
  beforeAll(async () => {
    broker = await startKafkaBroker({
      ...brokerOptions,
      properties: {
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'allow.everyone.if.no.acl.found': 'true',
      },
    });
    admin = kafkaOf(broker.brokers).admin();
    await admin.connect();
  });
  afterAll(async () => {
    await admin?.disconnect();
    await broker?.close();
  });
  const begin = useKafkaCases({
    get brokers() {
      return broker.brokers;
    },
  });

  const rule = (resourceType: number, resourceName: string, operation: number, deny = true) => ({
    resourceType,
    resourceName,
    resourcePatternType: acl.literal,
    principal: 'User:ANONYMOUS',
    host: '*',
    operation,
    permissionType: deny ? acl.deny : acl.allow,
  });

  test('one that may not be described is named as such, and used when it may', async () => {
    const c = await begin();
    const rules = [
      rule(acl.topic, c.input, acl.describe),
      rule(acl.topic, c.input, acl.all, false),
    ];
    await admin.createAcls({ acl: rules });
    const adapter = await c.spawn();
    await eventually('it says so', () =>
      adapter.output().includes(`${c.input} (KAFKA_INPUT_TOPIC) may not be seen by this user`),
    );
    expect(adapter.output()).not.toContain('KAFKA_OUTPUT_TOPIC) may');
    await admin.deleteAcls({ filters: rules });
    await c.send(0, 4);
    await c.answered(4);
  });

  test('one that may not be created is named as such, and used when somebody made it', async () => {
    const c = await begin({ withoutInput: true });
    const rules = [
      rule(acl.cluster, 'kafka-cluster', acl.create),
      rule(acl.cluster, 'kafka-cluster', acl.all, false),
      rule(acl.topic, c.input, acl.create),
      rule(acl.topic, c.input, acl.all, false),
    ];
    await admin.createAcls({ acl: rules });
    const adapter = await c.spawn({ KAFKA_NUM_PARTITIONS: '2' });
    await eventually('it says so', () =>
      /KAFKA_INPUT_TOPIC\) does not exist, and this user may not create it/.test(adapter.output()),
    );
    await admin.deleteAcls({ filters: rules });
    await createTopics(admin, [{ topic: c.input, numPartitions: 2 }]);
    await c.send(0, 4);
    await c.answered(4);
  });

  test('a group that may not be joined is named as such, never called joined, and joined when it may', async () => {
    const c = await begin();
    const rules = [rule(acl.group, c.group, acl.read), rule(acl.group, c.group, acl.all, false)];
    await admin.createAcls({ acl: rules });
    const adapter = await c.spawn();
    await eventually('it says so', () =>
      /Not authorized to access group.*Kafka cannot be used; trying again/.test(adapter.output()),
    );
    expect(adapter.output()).not.toContain('joined the consumer group');
    await admin.deleteAcls({ filters: rules });
    await c.send(0, 4);
    await c.answered(4);
    expect(adapter.output()).toContain('Kafka can be used again');
  });
});
