/**
 * Heeds `expirytime`: nobody awaits the answer to an event after it (design.md §3.3).
 *
 * X1 An event that has expired is not predicted: it is skipped.
 * X2 One that expires while it waits for a place, is being predicted or is tried again is given up
 *    then, and skipped: its deadline is its expiry, and no call begins after that.
 * X3 An expirytime that is no timestamp is not heeded: it is not for us to drop an event over it.
 */

import type { Event } from '../event/event.ts';
import { isTimestamp } from '../event/timestamp.ts';
import type { Dispatch, Input } from './dispatch.ts';
import type { Outcome } from './outcome.ts';
import type { Now } from './ports.ts';

export interface ExpiryDeps {
  readonly now: Now;
  /** The time of day, in ms since the epoch. */
  readonly wallClock: () => number;
}

/** A timer may fire so much early, in ms: it counts whole ones. */
const timerSlackMs = 2;

const expired: Outcome = { kind: 'skipped', reason: 'expired' };

/** @returns ms since the epoch; undefined where the event does not expire */
function expiryOf({ attributes }: Event): number | undefined {
  const told = attributes.get('expirytime');
  if (typeof told !== 'string' || !isTimestamp(told)) return undefined;
  const at = Date.parse(told);
  return Number.isNaN(at) ? undefined : at;
}

/** Wraps `work`, which costs an event without expirytime one look at its attributes. */
export function heedExpiry(work: Dispatch, { now, wallClock }: ExpiryDeps): Dispatch {
  const workUntil = async (input: Input, expiresAt: number): Promise<Outcome> => {
    const leftMs = expiresAt - wallClock();
    if (leftMs <= 0) return expired;
    const deadline = now() + leftMs;
    if (deadline > input.deadline) return work(input);
    const outcome = await work({ ...input, deadline });
    const isOver = now() + timerSlackMs >= deadline;
    return outcome.kind === 'failed' && isOver ? expired : outcome;
  };

  return (input) => {
    const { origin } = input;
    const expiresAt = origin.kind === 'event' ? expiryOf(origin.event) : undefined;
    return expiresAt === undefined ? work(input) : workUntil(input, expiresAt);
  };
}
