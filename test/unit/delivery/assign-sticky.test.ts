import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GroupAssignment, TopicPartitions } from '../../../src/delivery/assign-group.ts';
import {
  assignSticky,
  type Ownership,
  type StickySubscriber,
} from '../../../src/delivery/assign-sticky.ts';
import { countsOf, group, ownersOf, partitionsOf } from './assign-groups.ts';

const topics = ['t'];

/** Members of one topic who say that they have what they were given. */
const remembering = (
  ids: readonly string[],
  before: GroupAssignment,
  generation = 1,
): StickySubscriber[] =>
  ids.map((memberId) => {
    const partitions = before.get(memberId);
    return {
      memberId,
      topics,
      owned: partitions === undefined ? undefined : { generation, partitions },
    };
  });

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `m${i}`);

/** How many partitions have another owner than before. */
function moved(before: GroupAssignment, after: GroupAssignment): string[] {
  const owners = ownersOf(before);
  return [...ownersOf(after)]
    .filter(([name, [owner]]) => owners.get(name)?.[0] !== owner)
    .map(([name]) => name);
}

const spread = (assignment: GroupAssignment): number => {
  const counts = [...countsOf(assignment).values()];
  return Math.max(...counts) - Math.min(...counts);
};

const claims = (topic: string, max: number): fc.Arbitrary<Ownership> =>
  fc.record({
    generation: fc.nat({ max: 3 }),
    partitions: fc
      .array(fc.integer({ min: -2, max }), { maxLength: 20 })
      .map((ids): TopicPartitions => new Map([[topic, ids]])),
  });

/** Members of any subscriptions that claim what they please. */
const claimingGroup = fc
  .tuple(group(), fc.array(claims('t1', 20), { maxLength: 8 }))
  .map(([{ members, partitions }, owned]) => ({
    members: members.map((m, i): StickySubscriber => ({ ...m, owned: owned[i] })),
    partitions,
  }));

describe('sticky assignment', () => {
  it('gives every partition that has a subscriber to exactly one of them, whatever is claimed', () => {
    fc.assert(
      fc.property(claimingGroup, ({ members, partitions }) => {
        const assignment = assignSticky(members, partitions);
        expect([...assignment.keys()].sort()).toEqual(members.map((m) => m.memberId).sort());
        const owners = ownersOf(assignment);
        for (const [topic, ids] of partitions) {
          const able = members.filter((m) => m.topics.includes(topic)).map((m) => m.memberId);
          for (const id of ids) {
            const found = owners.get(`${topic}-${id}`) ?? [];
            expect(found).toHaveLength(able.length === 0 ? 0 : 1);
            for (const owner of found) expect(able).toContain(owner);
          }
        }
        const existing = [...partitions.values()].reduce((sum, ids) => sum + ids.length, 0);
        expect(owners.size).toBeLessThanOrEqual(existing);
      }),
    );
  });

  it('leaves no partition with a member that has two more than another who could take it', () => {
    fc.assert(
      fc.property(claimingGroup, ({ members, partitions }) => {
        const assignment = assignSticky(members, partitions);
        const counts = countsOf(assignment);
        for (const from of members) {
          for (const topic of assignment.get(from.memberId)?.keys() ?? []) {
            for (const to of members.filter((m) => m.topics.includes(topic))) {
              const difference = (counts.get(from.memberId) ?? 0) - (counts.get(to.memberId) ?? 0);
              expect(difference).toBeLessThanOrEqual(1);
            }
          }
        }
      }),
    );
  });

  it('with equal subscriptions, nobody has more than one partition more than another', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.nat({ max: 60 }),
        fc.array(claims('t', 60), { maxLength: 12 }),
        (count, p, owned) => {
          const members = names(count).map((memberId, i) => ({
            memberId,
            topics,
            owned: owned[i],
          }));
          expect(spread(assignSticky(members, partitionsOf({ t: p })))).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it('a member that joins takes at most its share, and nothing else moves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat({ max: 60 }), (count, p) => {
        const partitions = partitionsOf({ t: p });
        const before = assignSticky(remembering(names(count), new Map()), partitions);
        const after = assignSticky(remembering(names(count + 1), before), partitions);
        const takers = new Set(moved(before, after).map((name) => ownersOf(after).get(name)?.[0]));
        expect([...takers].filter((taker) => taker !== `m${count}`)).toEqual([]);
        expect(moved(before, after).length).toBeLessThanOrEqual(Math.ceil(p / (count + 1)));
      }),
    );
  });

  it('a member that leaves moves only what it had', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.nat({ max: 60 }), (count, p) => {
        const partitions = partitionsOf({ t: p });
        const before = assignSticky(remembering(names(count), new Map()), partitions);
        const after = assignSticky(remembering(names(count).slice(1), before), partitions);
        const had = [...(before.get('m0')?.get('t') ?? [])].map((id) => `t-${id}`);
        expect(moved(before, after).sort()).toEqual(had.sort());
      }),
    );
  });

  it('nothing moves while nobody comes or goes, and new partitions go to those with fewest', () => {
    const three = remembering(names(3), new Map());
    const before = assignSticky(three, partitionsOf({ t: 7 }));
    const again = assignSticky(remembering(names(3), before), partitionsOf({ t: 7 }));
    expect(again).toEqual(before);
    const grown = assignSticky(remembering(names(3), before), partitionsOf({ t: 9 }));
    expect(moved(before, grown)).toEqual(['t-7', 't-8']);
    expect(spread(grown)).toBe(0);
  });

  it('of two who claim a partition, the one of the later generation keeps it', () => {
    const claim = (memberId: string, generation: number): StickySubscriber => ({
      memberId,
      topics,
      owned: { generation, partitions: new Map([['t', [0]]]) },
    });
    const partitions = partitionsOf({ t: 2 });
    const assignment = assignSticky([claim('a', 3), claim('b', 4)], partitions);
    expect(assignment.get('b')?.get('t')).toEqual([0]);
    expect(assignment.get('a')?.get('t')).toEqual([1]);
  });

  it('evens out through a third member where the first two share no topic', () => {
    const members: StickySubscriber[] = [
      { memberId: 'a', topics: ['x'], owned: undefined },
      {
        memberId: 'b',
        topics: ['x', 'y'],
        owned: { generation: 1, partitions: partitionsOf({ y: 2 }) },
      },
      { memberId: 'c', topics: ['y'], owned: undefined },
    ];
    const assignment = assignSticky(members, partitionsOf({ x: 4, y: 2 }));
    expect(countsOf(assignment)).toEqual(
      new Map([
        ['a', 2],
        ['b', 2],
        ['c', 2],
      ]),
    );
  });
});
