import { describe, expect, it } from 'vitest';
import { createAbsence } from '../../../src/kafka/absence.ts';

const leaveAfterMs = 30_000;

/** A judge, and a predictor that is looked at ten times a second for so long. */
function setUp(options = { leaveAfterMs }) {
  let now = 0;
  let chance = 0;
  const absence = createAbsence(options, { now: () => now, random: () => chance });
  const after = (ms: number, look: () => boolean): boolean => {
    let last = look();
    for (const end = now + ms; now < end; ) {
      now += 100;
      last = look();
      if (last) return true;
    }
    return last;
  };
  return {
    absence,
    /** A member for so long; returns whether it was due to leave. */
    member: (ms: number, serving: boolean) => after(ms, () => absence.due(serving)),
    away: (ms: number, ready: boolean) => after(ms, () => absence.over(ready)),
    byChance: (value: number) => {
      chance = value;
    },
  };
}

describe('absence from the group', () => {
  it('is due once the predictor has served nobody for so long without a break', () => {
    const { absence, member } = setUp();
    absence.joined();
    expect(member(29_000, false)).toBe(false);
    expect(member(100, true)).toBe(false);
    expect(member(29_900, false)).toBe(false);
    expect(member(200, false)).toBe(true);
  });

  it('is never due where leaving is switched off', () => {
    const { absence, member } = setUp({ leaveAfterMs: 0 });
    absence.joined();
    expect(member(1_000_000, false)).toBe(false);
  });

  it('is spread, so that members whose predictors fail at once do not all leave at once', () => {
    const { absence, member, byChance } = setUp();
    byChance(0.99);
    absence.joined();
    expect(member(32_000, false)).toBe(false);
    expect(member(1_000, false)).toBe(true);
  });

  it('is over a moment after the predictor is ready, where the membership was of use', () => {
    const { absence, member, away } = setUp();
    absence.joined();
    member(60_000, true);
    expect(member(40_000, false)).toBe(true);
    absence.left(false);
    expect(away(500_000, false)).toBe(false);
    expect(away(900, true)).toBe(false);
    expect(away(100, false)).toBe(false);
    expect(away(900, true)).toBe(false);
    expect(away(200, true)).toBe(true);
  });

  it('takes longer each time that the membership was of no use, but not without end', () => {
    const { absence, member, away } = setUp();
    for (const expected of [1, 2, 4, 8, 10, 10]) {
      absence.joined();
      expect(member(40_000, false)).toBe(true);
      absence.left(false);
      expect(away(expected * leaveAfterMs - 100, true)).toBe(false);
      expect(away(200, true)).toBe(true);
    }
    absence.joined();
    member(leaveAfterMs + 100, true);
    member(40_000, false);
    absence.left(false);
    expect(away(1_100, true)).toBe(true);
  });

  it('takes longer where the health route calls the predictor ready all along', () => {
    const { absence, member, away } = setUp();
    absence.joined();
    member(60_000, true);
    member(40_000, false);
    absence.left(true);
    expect(away(leaveAfterMs - 100, true)).toBe(false);
    expect(away(200, true)).toBe(true);
  });
});
