/** Which partitions the topics of a group have, for its leader. */

import type { Cluster, PartitionMetadata } from 'kafkajs';
import type { TopicPartitions } from '../../delivery/assign-group.ts';

/** The error that kafkajs answers by joining again: see `isRebalancing` in its errors.js. */
const tryAgain = (): Error =>
  Object.assign(new Error('the partitions of other members’ topics cannot be asked for'), {
    type: 'REBALANCE_IN_PROGRESS',
  });

/**
 * kafkajs keeps metadata of the topics that it subscribed to itself, and refreshes it before it
 * assigns. Where other members have further topics, all are asked for: one that does not exist
 * would fail a question for it by name.
 */
export async function findPartitions(
  cluster: Cluster,
  topics: ReadonlySet<string>,
): Promise<TopicPartitions> {
  const found = new Map<string, number[]>();
  for (const topic of topics) {
    const ids = idsOf(cluster.findTopicPartitionMetadata(topic));
    if (ids.length > 0) found.set(topic, ids);
  }
  if (found.size === topics.size) return found;
  const all: Awaited<ReturnType<Cluster['metadata']>> | null = await cluster.metadata();
  // It is null when no broker answered.
  if (all === null) throw tryAgain();
  for (const { topic, partitionMetadata } of all.topicMetadata) {
    if (topics.has(topic)) found.set(topic, idsOf(partitionMetadata));
  }
  return found;
}

const idsOf = (partitions: readonly PartitionMetadata[]): number[] =>
  partitions.map(({ partitionId }) => partitionId).sort((a, b) => a - b);
