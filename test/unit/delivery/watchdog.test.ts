import { describe, expect, it } from 'vitest';
import { createWatchdog, type Signs } from '../../../src/delivery/watchdog.ts';

/** A watchdog that barks after 100 ms, and its clock. */
function setUp(stuckAfterMs = 100) {
  let now = 0;
  const watchdog = createWatchdog(stuckAfterMs, { now: () => now });
  const waiting: Signs = { lag: 5, progress: 0, excused: false };
  watchdog.look(waiting);
  return {
    waiting,
    later: (ms: number, signs: Signs | undefined) => {
      now += ms;
      return watchdog.look(signs);
    },
  };
}

describe('the watchdog', () => {
  it('has the membership begun anew once, then says stuck as long as nothing moves', () => {
    const { later, waiting } = setUp();
    expect(later(99, waiting)).toBe('fine');
    expect(later(1, waiting)).toBe('restart');
    expect(later(99, waiting)).toBe('fine');
    expect(later(1, waiting)).toBe('stuck');
    expect(later(1_000, waiting)).toBe('stuck');
  });

  it('forgets everything when something moves, and then tries a restart again', () => {
    const { later, waiting } = setUp();
    expect(later(100, waiting)).toBe('restart');
    expect(later(100, waiting)).toBe('stuck');
    const moved = { ...waiting, progress: 1 };
    expect(later(1, moved)).toBe('fine');
    expect(later(100, moved)).toBe('restart');
  });

  it.each<[string, Signs | undefined]>([
    ['nothing waits', { lag: 0, progress: 0, excused: false }],
    ['it is waited on purpose', { lag: 5, progress: 0, excused: true }],
    ['the broker cannot be asked', undefined],
  ])('accuses nobody while %s, and counts anew after it (W1)', (_what, signs) => {
    const { later, waiting } = setUp();
    expect(later(1_000, signs)).toBe('fine');
    expect(later(99, waiting)).toBe('fine');
    expect(later(1, waiting)).toBe('restart');
  });

  it('tries no second restart because of an excuse in between (W2)', () => {
    const { later, waiting } = setUp();
    expect(later(100, waiting)).toBe('restart');
    expect(later(50, { ...waiting, excused: true })).toBe('fine');
    expect(later(100, waiting)).toBe('stuck');
  });

  it('is off where no time is given', () => {
    const { later, waiting } = setUp(0);
    expect(later(1e9, waiting)).toBe('fine');
  });
});
