/** Groups for the tests of assignment algorithms, and what they look at. */

import fc from 'fast-check';
import type {
  GroupAssignment,
  Subscriber,
  TopicPartitions,
} from '../../../src/delivery/assign-group.ts';

export const partitionsOf = (counts: Readonly<Record<string, number>>): TopicPartitions =>
  new Map(Object.entries(counts).map(([topic, count]) => [topic, [...Array(count).keys()]]));

export interface Group {
  readonly members: readonly Subscriber[];
  readonly partitions: TopicPartitions;
}

const topicNames = ['t0', 't1', 't2', 't3'];

/** Up to eight members, each subscribed to some of four topics, of which some do not exist. */
export const group = (): fc.Arbitrary<Group> =>
  fc.record({
    members: fc
      .uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 })
      .chain((ids) =>
        fc.tuple(
          ...ids.map((memberId) =>
            fc.subarray(topicNames).map((topics): Subscriber => ({ memberId, topics })),
          ),
        ),
      ),
    partitions: fc
      .array(fc.nat({ max: 12 }), { minLength: 3, maxLength: 3 })
      .map((counts) => partitionsOf(Object.fromEntries(counts.map((n, i) => [`t${i}`, n])))),
  });

/** Who has `topic-id`, by that name. */
export function ownersOf(assignment: GroupAssignment): Map<string, string[]> {
  const owners = new Map<string, string[]>();
  for (const [memberId, topics] of assignment) {
    for (const [topic, ids] of topics) {
      for (const id of ids) {
        const name = `${topic}-${id}`;
        owners.set(name, [...(owners.get(name) ?? []), memberId]);
      }
    }
  }
  return owners;
}

/** How many partitions each member has. */
export const countsOf = (assignment: GroupAssignment): Map<string, number> =>
  new Map(
    [...assignment].map(([memberId, topics]) => [
      memberId,
      [...topics.values()].reduce((sum, ids) => sum + ids.length, 0),
    ]),
  );
