/**
 * Looks at a predictor's topics and group, for `doctor`. It joins no group, makes no topic and
 * writes nothing.
 */

import type { Admin, Cluster, Kafka } from 'kafkajs';
import type { Schedule } from '../../delivery/ports.ts';
import { protocolErrorOf } from '../protocol-error.ts';
import { partitionsOf, whyMissing } from '../topic-creation.ts';
import type { KafkajsBroker } from '../transactions/coordinators.ts';
import { askRaw, hasApi } from '../transactions/raw-request.ts';
import { type InspectedGroup, inspectGroup, unknownGroup } from './inspect-group.ts';
import { decodeMetadata, encodeMetadata, metadata, type TopicMetadata } from './metadata.ts';

export interface InspectOptions {
  readonly topics: readonly {
    readonly role: 'input' | 'output' | 'error';
    readonly name: string;
  }[];
  readonly group: string;
}

export interface InspectDeps {
  readonly kafka: Kafka;
  readonly schedule: Schedule;
}

export interface InspectedTopic {
  readonly role: 'input' | 'output' | 'error';
  readonly name: string;
  readonly partitions: number | undefined;
  readonly problem: string | undefined;
  readonly operations: readonly string[] | undefined;
}

export interface Inspected {
  readonly unreachable: string | undefined;
  readonly topics: readonly InspectedTopic[];
  readonly group: InspectedGroup;
}

/** More than a reachable cluster ever takes. */
const giveUpMs = 60_000;

/** It does not reject: what keeps it from looking is told. */
export async function inspectKafka(options: InspectOptions, deps: InspectDeps): Promise<Inspected> {
  const admin = deps.kafka.admin();
  const lent = lendCluster(deps.kafka, options.group);
  let callOff = (): void => undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `it did not answer within ${giveUpMs / 1_000} s`;
    callOff = deps.schedule(giveUpMs, () => reject(new Error(message)));
  });
  try {
    return await Promise.race([look(options, admin, lent.cluster, deps.schedule), late]);
  } catch (error) {
    return { unreachable: messageOf(error), topics: [], group: unknownGroup(options.group) };
  } finally {
    callOff();
    await Promise.allSettled([admin.disconnect(), lent.close()]);
  }
}

/** A consumer that never joins lends its connections (docs/decisions/0006). */
function lendCluster(kafka: Kafka, groupId: string) {
  const made: { cluster?: Cluster } = {};
  const consumer = kafka.consumer({
    groupId,
    allowAutoTopicCreation: false,
    retry: { retries: 0 },
    partitionAssigners: [
      ({ cluster }) => {
        made.cluster = cluster;
        return {
          name: 'none',
          version: 0,
          protocol: () => ({ name: 'none', metadata: Buffer.alloc(0) }),
          assign: async () => [],
        };
      },
    ],
  });
  if (made.cluster === undefined) throw new Error('kafkajs has not lent its cluster');
  return { cluster: made.cluster, close: () => consumer.disconnect() };
}

async function look(
  { topics, group }: InspectOptions,
  admin: Admin,
  cluster: Cluster,
  schedule: Schedule,
): Promise<Inspected> {
  await cluster.connect();
  await admin.connect();
  await cluster.refreshMetadata();
  const broker = (await cluster.findControllerBroker()) as KafkajsBroker;
  const known = await topicsFrom(
    broker,
    topics.map(({ name }) => name),
  );
  const inspected = await Promise.all(
    topics.map(async ({ role, name }): Promise<InspectedTopic> => {
      const found = known?.find((topic) => topic.name === name);
      return { role, name, ...(found ? fromMetadata(found) : await fromAdmin(admin, name)) };
    }),
  );
  const input = inspected.find(({ role }) => role === 'input');
  const readable = input?.problem === undefined ? input?.name : undefined;
  return {
    unreachable: undefined,
    topics: inspected,
    group: await inspectGroup(group, readable, { admin, cluster, broker, schedule }),
  };
}

/** @returns undefined where the broker is too old to be asked so */
async function topicsFrom(
  broker: KafkajsBroker,
  names: readonly string[],
): Promise<TopicMetadata[] | undefined> {
  if (!hasApi(broker, metadata)) return undefined;
  return askRaw(broker, {
    api: metadata,
    body: encodeMetadata([...new Set(names)]),
    decode: decodeMetadata,
  });
}

type TopicState = Omit<InspectedTopic, 'role' | 'name'>;

/** By Kafka's numbers: https://kafka.apache.org/protocol#protocol_error_codes */
const topicProblems: Readonly<Record<number, string>> = {
  3: 'does not exist',
  17: 'has a name that Kafka does not take',
  29: 'may not be seen by this user (topic authorisation failed): allow Describe on it',
};
const noLeader = 5;

function fromMetadata({ error, partitions, leaderless, operations }: TopicMetadata): TopicState {
  if (leaderless > 0 || error === noLeader) {
    const problem = `has ${leaderless} of ${partitions} partitions without a leader: brokers are down`;
    return { partitions, problem, operations };
  }
  if (error === 0) return { partitions, problem: undefined, operations };
  const problem = topicProblems[error] ?? `cannot be used (Kafka's error ${error})`;
  return { partitions: undefined, problem, operations: undefined };
}

async function fromAdmin(admin: Admin, name: string): Promise<TopicState> {
  try {
    const partitions = await partitionsOf(admin, name);
    return { partitions, problem: undefined, operations: undefined };
  } catch (error) {
    if (protocolErrorOf(error) === undefined) throw error;
    const problem = await whyMissing(admin, name);
    return { partitions: undefined, problem, operations: undefined };
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
