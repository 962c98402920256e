/** What the assignment algorithms share: who may have what, and who gets what. */

export interface Subscriber {
  readonly memberId: string;
  /** Set for members with static membership (`group.instance.id`). */
  readonly instanceId?: string | undefined;
  readonly topics: readonly string[];
}

/** The partitions of each topic, ascending; a topic that does not exist is absent or empty. */
export type TopicPartitions = ReadonlyMap<string, readonly number[]>;

/** Of each member its partitions by topic, ascending. */
export type GroupAssignment = Map<string, Map<string, number[]>>;

/** An assignment of nothing, in which every member has its place: Java fails on an absent one. */
export function emptyAssignment(members: readonly Subscriber[]): GroupAssignment {
  return new Map(members.map(({ memberId }) => [memberId, new Map()]));
}

/**
 * The order of Java's `AbstractPartitionAssignor.MemberInfo`: static members first, by instance id,
 * then the others by member id; by UTF-16 code units, as `String.compareTo`.
 */
export function compareMembers(a: Subscriber, b: Subscriber): number {
  if (a.instanceId !== undefined && b.instanceId !== undefined) {
    return compareText(a.instanceId, b.instanceId);
  }
  if (a.instanceId !== undefined) return -1;
  if (b.instanceId !== undefined) return 1;
  return compareText(a.memberId, b.memberId);
}

/** By UTF-16 code units. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
