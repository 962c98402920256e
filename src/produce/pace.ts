/**
 * How many events are due, given the rate and the time. Pure.
 *
 * P1 Never more than the rate's integral over time, plus the first one, which is due at once.
 * P2 No burst: what was owed before a change of rate or a pause is not made up for, and no more
 *    than a second's worth is after a halt of any other kind.
 * P3 Nothing gets lost silently: what is not made up for is counted as behind.
 */

export interface Pace {
  readonly setRate: (perSecond: number, nowMs: number) => void;
  /** How many are to be sent now, at most `room`; they count as sent. */
  readonly take: (room: number, nowMs: number) => number;
  /** How long until the next one is due: 0 where it is, undefined while the rate is 0. */
  readonly waitMs: (nowMs: number) => number | undefined;
  /** How many of those that were due since the beginning were not sent. */
  readonly behind: (nowMs: number) => number;
}

/** Makes up for roundings, so that an event is not a tick late. */
const epsilon = 1e-6;
const carriedSeconds = 1;

/** Starts at `nowMs`, with one event due unless the rate is 0. */
export function createPace(startPerSecond: number, startMs: number): Pace {
  let perSecond = startPerSecond;
  let lastMs = startMs;
  let owed = 1;
  let missed = 0;

  const dropAbove = (limit: number): void => {
    if (owed <= limit) return;
    missed += owed - limit;
    owed = limit;
  };

  const advance = (nowMs: number): void => {
    if (nowMs <= lastMs) return;
    owed += (perSecond * (nowMs - lastMs)) / 1_000;
    lastMs = nowMs;
    dropAbove(1 + perSecond * carriedSeconds);
  };

  const due = (): number => (perSecond === 0 ? 0 : Math.floor(owed + epsilon));

  return {
    setRate: (next, nowMs) => {
      advance(nowMs);
      dropAbove(1);
      perSecond = next;
    },
    take: (room, nowMs) => {
      advance(nowMs);
      const count = Math.max(0, Math.min(due(), room));
      owed -= count;
      return count;
    },
    waitMs: (nowMs) => {
      advance(nowMs);
      if (perSecond === 0) return undefined;
      return due() > 0 ? 0 : ((1 - owed) / perSecond) * 1_000;
    },
    behind: (nowMs) => {
      advance(nowMs);
      return Math.floor(missed + (perSecond === 0 ? 0 : owed) + epsilon);
    },
  };
}
