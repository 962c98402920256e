/** One verdict over all checks: the first cause, and what it explains. */

import type { Check } from './check.ts';

export interface Verdict {
  /** `well`: no fault was found. */
  readonly kind: 'well' | 'wrong' | 'unseen';
  /** The first fault that no other explains. */
  readonly cause: Check | undefined;
  /** Faults that it, and what follows from it, explain. */
  readonly explained: readonly Check[];
  /** Faults that have nothing to do with it. */
  readonly beside: readonly Check[];
}

/**
 * A fault that follows from another is not blamed.
 * @param checks in the order of the chain
 */
export function verdictOf(checks: readonly Check[]): Verdict {
  const faults = checks.filter(({ state }) => state === 'fault');
  if (faults.length === 0) {
    // Without the SeldonDeployment itself nothing can be said.
    const blind = checks.some(({ id, state }) => id === 'resource' && state === 'unseen');
    return { kind: blind ? 'unseen' : 'well', cause: undefined, explained: [], beside: [] };
  }
  const causesOf = (check: Check): Check[] =>
    faults.filter((other) => other.id !== check.id && check.follows.includes(other.id));
  // Where two explain one another, the first in the chain counts.
  const cause = faults.find((check) => causesOf(check).length === 0) ?? faults[0];
  const reached = new Set(cause === undefined ? [] : [cause]);
  let grew = true;
  while (grew) {
    grew = false;
    for (const check of faults) {
      if (reached.has(check) || !causesOf(check).some((each) => reached.has(each))) continue;
      reached.add(check);
      grew = true;
    }
  }
  return {
    kind: 'wrong',
    cause,
    explained: faults.filter((check) => check !== cause && reached.has(check)),
    beside: faults.filter((check) => !reached.has(check)),
  };
}

/** 0: nothing is wrong; 1: something is; 3: it could not be looked at. */
export const exitCodeOf = ({ kind }: Verdict): number => ({ well: 0, wrong: 1, unseen: 3 })[kind];
