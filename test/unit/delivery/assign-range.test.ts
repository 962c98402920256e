import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Subscriber } from '../../../src/delivery/assign-group.ts';
import { assignRange } from '../../../src/delivery/assign-range.ts';
import { group, ownersOf, partitionsOf } from './assign-groups.ts';

interface Case {
  readonly partitions: Record<string, number>;
  readonly members: readonly Subscriber[];
  /** Of each member its partitions as `topic-id`. */
  readonly assigned: Record<string, readonly string[]>;
}

/** Made by Java's own RangeAssignor (kafka-clients 4.3.1) from random groups. */
const javaCases = readFileSync(new URL('assign-range.cases.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Case);

describe('range assignment', () => {
  it.each(javaCases)('is what Java’s RangeAssignor makes of $partitions', (one) => {
    const assignment = assignRange(one.members, partitionsOf(one.partitions));
    const assigned = [...assignment].map(([memberId, topics]) => [
      memberId,
      [...topics].flatMap(([topic, ids]) => ids.map((id) => `${topic}-${id}`)).sort(),
    ]);
    expect(Object.fromEntries(assigned)).toEqual(one.assigned);
  });

  it('gives every partition that has a subscriber to exactly one of them', () => {
    fc.assert(
      fc.property(group(), ({ members, partitions }) => {
        const owners = ownersOf(assignRange(members, partitions));
        for (const [topic, ids] of partitions) {
          const subscribers = members
            .filter((m) => m.topics.includes(topic))
            .map((m) => m.memberId);
          for (const id of ids) {
            const found = owners.get(`${topic}-${id}`) ?? [];
            expect(found).toHaveLength(subscribers.length === 0 ? 0 : 1);
            for (const owner of found) expect(subscribers).toContain(owner);
          }
        }
      }),
    );
  });
});
