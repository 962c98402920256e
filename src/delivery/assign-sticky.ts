/**
 * Sticky assignment: as even as subscriptions allow, and within that as few partitions as possible
 * change hands, since one that stays keeps its buffered records and its work under way.
 *
 * S1 A partition stays with whoever says it had it last; of several the one of the latest
 *    generation. A claim to what does not exist or is not subscribed to is left out.
 * S2 What nobody has goes to the member with the fewest.
 * S3 Then partitions move from members with more to members with fewer, directly or through others,
 *    until nobody can be reached who has two fewer: with equal subscriptions nobody has more than
 *    one more than another.
 */

import {
  compareMembers,
  compareText,
  emptyAssignment,
  type GroupAssignment,
  type Subscriber,
  type TopicPartitions,
} from './assign-group.ts';

/** What a member says it had. */
export interface Ownership {
  /** Of the group when it had it; the higher is believed. */
  readonly generation: number;
  readonly partitions: ReadonlyMap<string, readonly number[]>;
}

export interface StickySubscriber extends Subscriber {
  readonly owned?: Ownership | undefined;
}

interface Topic {
  readonly name: string;
  readonly ids: readonly number[];
  readonly subscribers: readonly Member[];
}

interface Member {
  readonly memberId: string;
  /** What it has now; those that it claimed come first. */
  readonly held: Map<Topic, number[]>;
  readonly owned: Ownership | undefined;
  count: number;
}

/** @returns a place for every member, also for those that get nothing */
export function assignSticky(
  subscribers: readonly StickySubscriber[],
  partitions: TopicPartitions,
): GroupAssignment {
  const members = subscribers.toSorted(compareMembers).map(memberOf);
  const topics = topicsOf(subscribers, members, partitions);
  for (const topic of topics) keepOwned(topic);
  for (const topic of topics) giveOut(topic);
  // From whoever has most: partitions given away by others would only move twice.
  while (members.toSorted((a, b) => b.count - a.count).some(evenOut));
  const assignment = emptyAssignment(subscribers);
  for (const { memberId, held } of members) {
    for (const [{ name }, ids] of held) {
      if (ids.length > 0)
        assignment.get(memberId)?.set(
          name,
          ids.toSorted((a, b) => a - b),
        );
    }
  }
  return assignment;
}

const memberOf = ({ memberId, owned }: StickySubscriber): Member => ({
  memberId,
  held: new Map(),
  owned,
  count: 0,
});

/** Topics with few subscribers come first: there is the least choice for them. */
function topicsOf(
  subscribers: readonly StickySubscriber[],
  members: readonly Member[],
  partitions: TopicPartitions,
): Topic[] {
  const subscriptions = new Map(
    subscribers.map(({ memberId, topics }) => [memberId, new Set(topics)]),
  );
  const names = new Set(subscribers.flatMap(({ topics }) => topics));
  return [...names]
    .map((name) => ({
      name,
      ids: partitions.get(name) ?? [],
      subscribers: members.filter(({ memberId }) => subscriptions.get(memberId)?.has(name)),
    }))
    .toSorted((a, b) => a.subscribers.length - b.subscribers.length || compareText(a.name, b.name));
}

/** S1. */
function keepOwned(topic: Topic): void {
  const owners = new Map<number, { member: Member; generation: number }>();
  const existing = new Set(topic.ids);
  for (const member of topic.subscribers) {
    const generation = member.owned?.generation ?? -1;
    for (const id of member.owned?.partitions.get(topic.name) ?? []) {
      if (!existing.has(id) || generation <= (owners.get(id)?.generation ?? -2)) continue;
      owners.set(id, { member, generation });
    }
  }
  for (const [id, { member }] of owners) give(member, topic, id);
}

/** S2. */
function giveOut(topic: Topic): void {
  const given = new Set(topic.subscribers.flatMap(({ held }) => held.get(topic) ?? []));
  for (const id of topic.ids) {
    if (!given.has(id)) give(fewest(topic.subscribers), topic, id);
  }
}

function give(member: Member | undefined, topic: Topic, id: number): void {
  if (member === undefined) return;
  const ids = member.held.get(topic);
  if (ids === undefined) member.held.set(topic, [id]);
  else ids.push(id);
  member.count += 1;
}

/** Of equals the first. */
const fewest = (members: readonly Member[]): Member | undefined =>
  members.reduce<Member | undefined>(
    (least, member) => (least === undefined || member.count < least.count ? member : least),
    undefined,
  );

/** How a member is reached: a partition of this topic goes to it from the one before. */
interface Step {
  readonly from: Member;
  readonly topic: Topic;
}

/** S3, one partition from this member; returns whether there was one to move. */
function evenOut(source: Member): boolean {
  const steps = reachable(source);
  const target = fewest([...steps.keys()]);
  if (target === undefined || source.count - target.count < 2) return false;
  let to = target;
  while (to !== source) {
    const step = steps.get(to);
    const id = step?.from.held.get(step.topic)?.pop();
    if (step === undefined || id === undefined) return false;
    step.from.count -= 1;
    give(to, step.topic, id);
    to = step.from;
  }
  return true;
}

/** Whom the member's partitions can reach, each by a shortest way. */
function reachable(source: Member): Map<Member, Step> {
  const steps = new Map<Member, Step>();
  const seen = new Set<Topic>();
  const queue = [source];
  for (const from of queue) {
    for (const [topic, ids] of from.held) {
      if (ids.length === 0 || seen.has(topic)) continue;
      seen.add(topic);
      for (const to of topic.subscribers) {
        if (to === source || steps.has(to)) continue;
        steps.set(to, { from, topic });
        queue.push(to);
      }
    }
  }
  return steps;
}
