/**
 * Two writers of one status: ours is repaired, later each time, and after a few times it is told.
 *
 * C1 Only what undoes a write of ours counts: when we ourselves want something else than before,
 *    a difference is nobody's doing.
 * C2 After a quiet while it is forgotten.
 */

import { type BackoffOptions, backoffMs } from '../delivery/backoff.ts';

export interface Contest {
  /**
   * May the status be written now?
   * @param wanted what we want, in a text that is the same while we want the same
   * @param live what the status is
   * @param by tells who wrote that, where it was not us
   * @returns how long to wait with it, in ms; 0: now
   */
  readonly waitMs: (uid: string, wanted: string, live: string, by: () => string) => number;
  /** We wrote it, and this is what it was then. */
  readonly wrote: (uid: string, wanted: string, result: string) => void;
  /** Who has undone it a few times of late. */
  readonly contestedBy: (uid: string) => string | undefined;
  readonly forget: (uid: string) => void;
}

/** The first repair is at once: it may have been an accident. */
const repairBackoff: BackoffOptions = { baseMs: 500, maxMs: 60_000 };
/** Repairs after which it is told. */
const fightsToTell = 3;
/** Longer than the longest wait between two repairs. */
const forgetAfterMs = 600_000;

interface Written {
  readonly wanted: string;
  readonly result: string;
  readonly by: string;
  readonly fights: number;
  readonly lastFightAt: number;
  readonly notBefore: number;
}

export interface ContestDeps {
  readonly now: () => number;
  readonly random: () => number;
}

export function createContest({ now, random }: ContestDeps): Contest {
  const written = new Map<string, Written>();
  const fightsOf = (it: Written | undefined): number =>
    it === undefined || now() - it.lastFightAt > forgetAfterMs ? 0 : it.fights;

  return {
    waitMs: (uid, wanted, live, by) => {
      const last = written.get(uid);
      if (last === undefined || last.wanted !== wanted || last.result === live) return 0;
      if (now() < last.notBefore) return last.notBefore - now();
      const fights = fightsOf(last) + 1;
      const notBefore = now() + backoffMs(fights, repairBackoff, random);
      written.set(uid, { ...last, by: by(), fights, lastFightAt: now(), notBefore });
      return 0;
    },
    wrote: (uid, wanted, result) => {
      const { by = '', fights = 0, lastFightAt = 0, notBefore = 0 } = written.get(uid) ?? {};
      written.set(uid, { wanted, result, by, fights, lastFightAt, notBefore });
    },
    contestedBy: (uid) => {
      const it = written.get(uid);
      return fightsOf(it) >= fightsToTell ? it?.by : undefined;
    },
    forget: (uid) => {
      written.delete(uid);
    },
  };
}
