/**
 * How the group's leader divides the partitions, as kafkajs takes it. A group uses the first
 * protocol that all its members know:
 *
 * 1. our sticky one, while all members are ours;
 * 2. `range`, with librdkafka and Java beside us: both know it by default;
 * 3. kafkajs' own, with other users of kafkajs.
 */

import {
  type Assigner,
  type GroupMember,
  type PartitionAssigner,
  PartitionAssigners,
} from 'kafkajs';
import type { GroupAssignment, Subscriber, TopicPartitions } from '../../delivery/assign-group.ts';
import { assignRange } from '../../delivery/assign-range.ts';
import { assignSticky } from '../../delivery/assign-sticky.ts';
import type { Log } from '../../delivery/ports.ts';
import { decodeSubscription, encodeAssignment, encodeSubscription } from './consumer-protocol.ts';
import { decodeOwnership, encodeOwnership, type OwnedPartitions } from './owned-partitions.ts';
import { findPartitions } from './topic-partitions.ts';

/** Never changes its meaning: members of different releases share a group. */
export const stickyProtocol = 'seldon-eventing-sticky';

export interface AssignersDeps {
  /** What this member has now. */
  readonly owned: OwnedPartitions;
  readonly log: Pick<Log, 'warn'>;
}

interface Subscribed extends Subscriber {
  readonly userData: Uint8Array | undefined;
}

type Assign = (members: readonly Subscribed[], partitions: TopicPartitions) => GroupAssignment;

/** @returns the protocols that a member offers, the one it wants most first */
export function createAssigners({ owned, log }: AssignersDeps): PartitionAssigner[] {
  const sticky: Assign = (members, partitions) =>
    assignSticky(
      members.map((member) => ({ ...member, owned: decodeOwnership(member.userData) })),
      partitions,
    );
  const ownership = (): Uint8Array | undefined => {
    const mine = owned.get();
    return mine === undefined ? undefined : encodeOwnership(mine);
  };
  return [
    assignerOf(stickyProtocol, sticky, ownership, log),
    assignerOf('range', assignRange, () => undefined, log),
    PartitionAssigners.roundRobin,
  ];
}

function assignerOf(
  name: string,
  assign: Assign,
  userData: () => Uint8Array | undefined,
  log: Pick<Log, 'warn'>,
): PartitionAssigner {
  return ({ cluster, groupId }): Assigner => ({
    name,
    version: 0,
    protocol: ({ topics }) => ({
      name,
      metadata: encodeSubscription({ topics, userData: userData() }),
    }),
    assign: async ({ members }) => {
      const subscribed = members.map((member) => {
        const read = subscribedOf(member);
        if (read !== undefined) return read;
        log.warn(
          { groupId, memberId: member.memberId },
          'a member of the consumer group sent a subscription that cannot be read; it gets no partitions',
        );
        return { memberId: member.memberId, topics: [], userData: undefined };
      });
      const topics = new Set(subscribed.flatMap((member) => member.topics));
      const assignment = assign(subscribed, await findPartitions(cluster, topics));
      return [...assignment].map(([memberId, partitions]) => ({
        memberId,
        memberAssignment: encodeAssignment(partitions),
      }));
    },
  });
}

function subscribedOf(member: GroupMember): Subscribed | undefined {
  const subscription = decodeSubscription(member.memberMetadata);
  if (subscription === undefined) return undefined;
  // From JoinGroup 5 on it is there, though kafkajs' types do not say so.
  const { groupInstanceId } = member as GroupMember & { readonly groupInstanceId?: string | null };
  return { memberId: member.memberId, instanceId: groupInstanceId ?? undefined, ...subscription };
}
