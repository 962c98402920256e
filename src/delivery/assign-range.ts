/**
 * Kafka's `range` assignment: of each topic, every subscriber gets consecutive partitions, the first
 * ones one more where they do not divide evenly. Equal to Java's `RangeAssignor` without racks, so
 * that it does not matter whose client leads the group.
 */

import {
  compareMembers,
  emptyAssignment,
  type GroupAssignment,
  type Subscriber,
  type TopicPartitions,
} from './assign-group.ts';

/** @returns a place for every member, also for those that get nothing */
export function assignRange(
  members: readonly Subscriber[],
  partitions: TopicPartitions,
): GroupAssignment {
  const assignment = emptyAssignment(members);
  for (const [topic, subscribers] of subscribersByTopic(members)) {
    const ids = partitions.get(topic) ?? [];
    const each = Math.floor(ids.length / subscribers.length);
    const withOneMore = ids.length % subscribers.length;
    let next = 0;
    subscribers.forEach((memberId, i) => {
      const end = next + each + (i < withOneMore ? 1 : 0);
      if (end > next) assignment.get(memberId)?.set(topic, ids.slice(next, end));
      next = end;
    });
  }
  return assignment;
}

function subscribersByTopic(members: readonly Subscriber[]): Map<string, string[]> {
  const byTopic = new Map<string, string[]>();
  for (const { memberId, topics } of members.toSorted(compareMembers)) {
    for (const topic of new Set(topics)) {
      const subscribers = byTopic.get(topic);
      if (subscribers === undefined) byTopic.set(topic, [memberId]);
      else subscribers.push(memberId);
    }
  }
  return byTopic;
}
