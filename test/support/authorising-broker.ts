/** A broker that asks who may do what; everybody may what no rule is about. */

import type { Admin } from 'kafkajs';
import { afterAll, beforeAll } from 'vitest';
import { type KafkaBroker, startKafkaBroker } from '../../src/demo/kafka-broker.ts';
import { brokerOptions, kafkaOf } from './broker.ts';

/** For {@link startKafkaBroker}. */
export const authorising = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found': 'true',
};

/** kafkajs' enums, which Node cannot import by name from its CommonJS. */
export const acl = {
  ...{ topic: 2, group: 3, cluster: 4, transactionalId: 5 },
  ...{ literal: 3, prefixed: 4, deny: 2, allow: 3 },
  ...{ all: 2, read: 3, write: 4, create: 5, describe: 8 },
};

/** A rule for those who show nothing. */
export const aclRule = (
  resourceType: number,
  resourceName: string,
  operation: number,
  { deny = true, pattern = acl.literal } = {},
) => ({
  resourceType,
  resourceName,
  resourcePatternType: pattern,
  principal: 'User:ANONYMOUS',
  host: '*',
  operation,
  permissionType: deny ? acl.deny : acl.allow,
});

/** One for the `describe` that it is called in. */
export function useAuthorisingBroker(properties: Readonly<Record<string, string>> = {}) {
  const running: { broker?: KafkaBroker; admin?: Admin } = {};
  const here = <Part>(part: Part | undefined): Part => {
    if (part === undefined) throw new Error('the broker is there only within tests and hooks');
    return part;
  };
  beforeAll(async () => {
    const broker = await startKafkaBroker({
      ...brokerOptions,
      properties: { ...authorising, ...properties },
    });
    running.broker = broker;
    running.admin = kafkaOf(broker.brokers).admin();
    await running.admin.connect();
  });
  afterAll(async () => {
    await running.admin?.disconnect();
    await running.broker?.close();
  });
  return {
    get brokers(): string[] {
      return here(running.broker).brokers;
    },
    get admin(): Admin {
      return here(running.admin);
    },
  };
}
