/**
 * When a member is better away from its group: while its own predictor serves nobody, its
 * partitions are answered by others. Pure: decides, does nothing.
 *
 * L1 It is due to leave after `leaveAfterMs` without service, by its health route or by failing
 *    calls; a little later by chance, so that members whose predictors fail at once do not all go
 *    at once: the last one stays.
 * L2 It comes back when the predictor has been ready for a moment without a break. Where the
 *    membership before was of no use, or the health route's word cannot be believed, since every
 *    call failed while it said ready, that moment is `leaveAfterMs`, and doubles each time: a group
 *    must not be rebalanced over and over for a predictor that comes and goes.
 */

import type { Now, Random } from '../delivery/ports.ts';

export interface AbsenceOptions {
  /** In ms; 0: never leave. */
  readonly leaveAfterMs: number;
}

export interface Absence {
  /** A membership begins. */
  readonly joined: () => void;
  /** Looks at the predictor while a member; returns whether to leave. */
  readonly due: (serving: boolean) => boolean;
  /** The group was left; `ready` is what the predictor's health route says. */
  readonly left: (ready: boolean) => void;
  /** Looks at the predictor while away; returns whether to come back. */
  readonly over: (ready: boolean) => boolean;
}

const shortestMs = 1_000;
const longestTimes = 10;
/** Part of `leaveAfterMs` over which members spread their leaving. */
const spread = 0.1;

/** Makes the judge of one member. */
export function createAbsence(
  { leaveAfterMs }: AbsenceOptions,
  deps: { readonly now: Now; readonly random: Random },
): Absence {
  const { now } = deps;
  let dueAfterMs = leaveAfterMs;
  let usefulBefore = false;
  /** Memberships in a row that were of no use. */
  let useless = 0;
  let servingSince: number | undefined;
  let idleSince: number | undefined;
  let readySince: number | undefined;

  const steadyMs = (): number =>
    useless === 0
      ? Math.min(shortestMs, leaveAfterMs)
      : leaveAfterMs * Math.min(longestTimes, 2 ** (useless - 1));

  return {
    joined: () => {
      dueAfterMs = leaveAfterMs * (1 + spread * deps.random());
      usefulBefore = false;
      servingSince = undefined;
      idleSince = undefined;
    },
    due: (serving) => {
      if (leaveAfterMs === 0) return false;
      if (serving) {
        idleSince = undefined;
        servingSince ??= now();
        usefulBefore ||= now() - servingSince >= leaveAfterMs;
        return false;
      }
      servingSince = undefined;
      idleSince ??= now();
      return now() - idleSince >= dueAfterMs;
    },
    left: (ready) => {
      useless = usefulBefore && !ready ? 0 : useless + 1;
      readySince = undefined;
    },
    over: (ready) => {
      if (!ready) {
        readySince = undefined;
        return false;
      }
      readySince ??= now();
      return now() - readySince >= steadyMs();
    },
  };
}
