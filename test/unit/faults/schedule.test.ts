import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Fault, faultKinds, planFaults } from '../../faults/schedule.ts';

const options = {
  seed: 'a seed',
  durationMs: 135_000,
  spacingMs: 2_000,
  members: 3,
  brokers: 3,
  partitions: 6,
};
const plan = (seed: string, changes: Partial<typeof options> = {}): Fault[] =>
  planFaults({ ...options, seed, ...changes });

describe('the schedule of faults', () => {
  test('a seed gives the same faults again, another seed others', () => {
    expect(plan('one')).toEqual(plan('one'));
    expect(plan('one')).not.toEqual(plan('two'));
  });

  test('every kind comes, in a long run and in the short one of CI', () => {
    fc.assert(
      fc.property(fc.string(), fc.boolean(), (seed, short) => {
        const faults = plan(seed, short ? { durationMs: 28_000, spacingMs: 1_100 } : {});
        expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(faultKinds));
      }),
      { numRuns: 1_000 },
    );
  });

  test('faults come in order, name what is there, and are over in time', () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const faults = plan(seed);
        expect(faults.map(({ atMs }) => atMs)).toEqual(
          faults.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
        );
        for (const { atMs, forMs, target } of faults) {
          expect(atMs + forMs).toBeLessThanOrEqual(options.durationMs);
          expect(target).toBeGreaterThanOrEqual(0);
          expect(target).toBeLessThan(6);
        }
        for (const { kind, target } of faults) {
          if (kind === 'broker killed') expect(target).toBeLessThan(options.brokers);
        }
      }),
    );
  });

  test('no two brokers are away at once, and the spare member comes and goes in turn', () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const faults = plan(seed);
        const brokers = faults.filter(({ kind }) => kind === 'broker killed');
        for (const [i, { atMs }] of brokers.entries()) {
          const before = brokers[i - 1];
          if (before !== undefined)
            expect(atMs - before.atMs - before.forMs).toBeGreaterThan(8_000);
        }
        const spare = faults.filter(({ kind }) => kind.startsWith('member'));
        expect(spare.map(({ kind }) => kind)).toEqual(
          spare.map((_, i) => (i % 2 === 0 ? 'member added' : 'member taken away')),
        );
      }),
    );
  });
});
