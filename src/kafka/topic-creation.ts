/** Creates topics where that is allowed, and says in words why one is not there. */

import type { Admin } from 'kafkajs';
import { protocolErrorOf } from './protocol-error.ts';

export interface TopicCreation {
  /** Undefined: as many as the broker makes by default. */
  readonly numPartitions: number | undefined;
  /** Likewise. */
  readonly replicationFactor: number | undefined;
}

/** What became of one topic. */
export type Created =
  | { readonly kind: 'created' }
  /** Another adapter was faster. */
  | { readonly kind: 'exists' }
  /** In words that follow the topic's name. */
  | { readonly kind: 'refused'; readonly reason: string };

/** The broker's own choice (KIP-464). */
const brokersDefault = -1;

/**
 * Asks for one topic.
 * @throws where Kafka cannot be asked
 */
export async function createTopic(
  admin: Pick<Admin, 'createTopics'>,
  topic: string,
  { numPartitions, replicationFactor }: TopicCreation,
): Promise<Created> {
  const wanted = {
    topic,
    numPartitions: numPartitions ?? brokersDefault,
    replicationFactor: replicationFactor ?? brokersDefault,
  };
  try {
    const created = await admin.createTopics({ topics: [wanted], waitForLeaders: false });
    return { kind: created ? 'created' : 'exists' };
  } catch (error) {
    const type = protocolErrorOf(error);
    if (type === undefined) throw error;
    return { kind: 'refused', reason: refusals[type] ?? `cannot be created (${type})` };
  }
}

/** By protocol error: https://kafka.apache.org/protocol#protocol_error_codes */
const refusals: Readonly<Record<string, string>> = {
  TOPIC_AUTHORIZATION_FAILED:
    'does not exist, and this user may not create it: allow Create on it, or create it',
  CLUSTER_AUTHORIZATION_FAILED:
    'does not exist, and this user may not create topics: allow Create on the cluster, or create it',
  INVALID_REPLICATION_FACTOR:
    'cannot be created: KAFKA_REPLICATION_FACTOR is more than there are brokers',
  INVALID_PARTITIONS: 'cannot be created: the broker refuses KAFKA_NUM_PARTITIONS',
  POLICY_VIOLATION:
    "cannot be created: the broker's policy refuses it with KAFKA_NUM_PARTITIONS and KAFKA_REPLICATION_FACTOR as they are",
  INVALID_TOPIC_EXCEPTION: 'cannot be created: the broker refuses its name',
};

/** @returns why a topic that is not listed is not there, in words that follow its name */
export async function whyMissing(
  admin: Pick<Admin, 'fetchTopicMetadata'>,
  topic: string,
): Promise<string> {
  try {
    await admin.fetchTopicMetadata({ topics: [topic] });
  } catch (error) {
    // A broker hides from its list what a user may not see, and tells so only of a topic asked for.
    if (protocolErrorOf(error) === 'TOPIC_AUTHORIZATION_FAILED') {
      return 'may not be seen by this user (topic authorisation failed): allow Describe on it';
    }
  }
  return 'does not exist: create it, or correct the setting';
}

/** @returns how many partitions a topic has */
export async function partitionsOf(
  admin: Pick<Admin, 'fetchTopicMetadata'>,
  topic: string,
): Promise<number> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  return topics[0]?.partitions.length ?? 0;
}

/** @returns topics that exist, with the numbers of all their partitions */
export async function allPartitionsOf(
  admin: Pick<Admin, 'fetchTopicMetadata'>,
  names: string[],
): Promise<{ readonly topic: string; readonly partitions: readonly number[] }[]> {
  const { topics } = await admin.fetchTopicMetadata({ topics: names });
  return topics.map(({ name, partitions }) => ({
    topic: name,
    partitions: partitions.map(({ partitionId }) => partitionId),
  }));
}
