import { describe, expect, it } from 'vitest';
import { createContest } from '../../../src/controller/contest.ts';

function setUp() {
  const clock = { now: 0 };
  const contest = createContest({ now: () => clock.now, random: () => 0.5 });
  const fight = (): number => contest.waitMs('u', 'wanted', 'theirs', () => 'them');
  contest.wrote('u', 'wanted', 'ours');
  return { clock, contest, fight };
}

describe('another writer of a status', () => {
  it('is repaired against at once the first time, then later each time, a minute at most', () => {
    const { clock, contest, fight } = setUp();
    const waits: number[] = [];
    for (let i = 0; i < 12; i += 1) {
      expect(fight()).toBe(0);
      contest.wrote('u', 'wanted', 'ours');
      waits.push(fight());
      clock.now += waits.at(-1) ?? 0;
    }
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits[0]).toBeLessThan(1_000);
    expect(waits.at(-1)).toBeGreaterThan(30_000);
    expect(waits.at(-1)).toBeLessThanOrEqual(60_000);
  });

  it('is told of after a few times, and forgotten after a quiet while', () => {
    const { clock, contest, fight } = setUp();
    const told = [1, 2, 3].map(() => {
      fight();
      clock.now += 60_000;
      return contest.contestedBy('u');
    });
    expect(told).toEqual([undefined, undefined, 'them']);
    clock.now += 700_000;
    expect(contest.contestedBy('u')).toBeUndefined();
  });

  it('is nobody where we ourselves want something else', () => {
    const { contest } = setUp();
    for (let i = 0; i < 9; i += 1) {
      expect(contest.waitMs('u', `wanted ${i}`, 'ours', () => 'them')).toBe(0);
      contest.wrote('u', `wanted ${i}`, 'ours');
    }
    expect(contest.contestedBy('u')).toBeUndefined();
  });

  it('is nobody where the status is still what our write made of it', () => {
    const { contest } = setUp();
    for (let i = 0; i < 9; i += 1) contest.waitMs('u', 'wanted', 'ours', () => 'them');
    expect(contest.contestedBy('u')).toBeUndefined();
  });

  it('of another object, or a forgotten one, counts apart', () => {
    const { contest, fight, clock } = setUp();
    for (let i = 0; i < 5; i += 1) {
      fight();
      clock.now += 60_000;
    }
    expect(contest.contestedBy('other')).toBeUndefined();
    contest.forget('u');
    expect(contest.contestedBy('u')).toBeUndefined();
  });
});
