/**
 * Writes the answers of one partition in transactions, each with the offset and what is answered
 * beyond it, so that an answer is visible exactly when its input is committed.
 *
 *   queued ─▶ transaction ─▶ committed ─▶ done
 *      ▲          └─▶ failed: claim anew, read what the group has ─┬─▶ as after it: done
 *      └────────────────────── as before it: not committed ◀──────┤
 *                       otherwise: somebody else was here, all of it is begun anew
 *
 * W1 One transaction at a time, in the order in which the answers came; the next gathers meanwhile.
 * W2 An answer is written only under a claim whose reading did not have it, so whatever happened to
 *    any transaction, of ours or of another member, nothing is visible twice. This holds whether or
 *    not we are a member of the group.
 * W3 Nothing is dropped: what is done beyond the position goes along whole, or the writer waits.
 * W4 Who was shut out by another member comes back only as a member in good standing: two must not
 *    shut each other out in turns.
 */

import { encodeAllAcked } from './acked-offsets.ts';
import { type Answer, createAnswerQueue, type TransactionLimits } from './answer-queue.ts';
import { backoffMs } from './backoff.ts';
import type { CommittedOffset, OffsetToCommit } from './committer.ts';
import { createLinger } from './linger.ts';
import type { Partition } from './partition.ts';
import type { Random, Schedule } from './ports.ts';
import type { OutputRecord } from './record.ts';
import { standingOnceCommitted } from './standing.ts';
import type { Claim, TransactionFault, TransactionSession } from './transaction.ts';

export interface TransactionalWriterOptions {
  /** Positions that move without an answer are committed so often, in ms. */
  readonly intervalMs: number;
  /** Shut out and no longer a member in good standing: after so long we try again, in ms. */
  readonly fencedRestMs: number;
  /** As they are at each transaction. */
  readonly limits: Readonly<TransactionLimits>;
}

/** `unknown`: whether it was committed was never learned. */
export type TransactionEnd = 'committed' | 'aborted' | 'unknown';

export type TransactionBegun = (
  outputs: readonly OutputRecord[],
) => ((end: TransactionEnd, reason?: unknown) => void) | undefined;

export interface TransactionalWriterDeps {
  readonly claim: () => Promise<Claim>;
  readonly judge: (error: unknown) => TransactionFault;
  /** What is written instead of an answer that is too large by itself; undefined: nothing can be. */
  readonly instead: (answer: Answer) => Answer | undefined;
  /** A transaction with these is committed, or known to be. */
  readonly done: (answers: readonly Answer[]) => void;
  /**
   * A transaction is begun. Left out: nobody wants to know.
   * @returns what is to be told of its end; undefined: nothing
   */
  readonly begun?: TransactionBegun | undefined;
  /** Somebody else has moved the partition: what we have of it is worth nothing. */
  readonly elsewhere: () => void;
  /** Whether the group takes us for a member: asked when another has claimed the partition. */
  readonly isMember: () => Promise<boolean>;
  /** Fewer answers are on their way than before. */
  readonly eased: () => void;
  readonly failed: (error: unknown, waiting: number, retryInMs: number) => void;
  readonly schedule: Schedule;
  readonly random: Random;
}

export interface TransactionalWriter {
  readonly write: (answer: Answer) => void;
  /** The partition's standing may have changed: commits it in time, or at once. */
  readonly moved: (urgent: boolean) => void;
  /**
   * Commits what is left now; resolves when it was tried. Rejects never.
   * @param anyway also where the group should have it already
   */
  readonly flush: (anyway: boolean) => Promise<void>;
  /** Answers on their way; none while we are shut out. */
  readonly writing: () => number;
  /** The group has given us the partition again. */
  readonly resume: () => void;
  /** Writes nothing more. What is under way may still be committed. */
  readonly close: () => Promise<void>;
}

/** At most so long: a broker that is back is to be written to within 3 s. */
const retryBackoff = { baseMs: 200, maxMs: 1_500 };

/** A transaction of which we do not know yet whether it was committed. */
interface Pending {
  readonly answers: readonly Answer[];
  readonly standing: OffsetToCommit;
  /** Takes how it ended; called once. */
  ended?: ReturnType<TransactionBegun>;
  /** Why it failed. */
  reason?: unknown;
}

/** @param claimed the claim under which the partition was opened */
export function createTransactionalWriter(
  partition: Partition,
  claimed: Claim,
  options: TransactionalWriterOptions,
  deps: TransactionalWriterDeps,
): TransactionalWriter {
  const { limits } = options;
  const queue = createAnswerQueue(limits);
  const linger = createLinger(deps.schedule);
  let session: TransactionSession | undefined = claimed.session;
  /** What the group has, as far as we know. */
  let settled: CommittedOffset = claimed.committed;
  let pending: Pending | undefined;
  let dirty = false;
  let due = false;
  let anyway = false;
  let waiting = false;
  let active = false;
  let resting = false;
  let closed = false;
  let failures = 0;
  let flushed: (() => void)[] = [];

  const over = (): boolean => closed || partition.lost;
  const hasWork = (): boolean =>
    !over() && !resting && (queue.length() > 0 || pending !== undefined || (dirty && due));

  const tellEnd = (end: TransactionEnd): void => {
    pending?.ended?.(end, pending.reason);
    if (pending !== undefined) pending.ended = undefined;
  };

  const complete = ({ answers, standing }: Pending): void => {
    tellEnd('committed');
    pending = undefined;
    settled = standing;
    partition.committed = Math.max(partition.committed, standing.offset);
    deps.done(answers);
  };

  /** Not committed: its answers are to be written again. */
  const giveBack = ({ answers }: Pending): void => {
    tellEnd('aborted');
    pending = undefined;
    dirty = true;
    due = true;
    for (const { entry } of answers) entry.state = 'released';
    queue.giveBack(answers);
  };

  /** @returns the same answers so that they may fit; undefined where nothing is left to try */
  const smaller = ({ answers, standing }: Pending): Pending | undefined => {
    const [first, ...others] = answers;
    if (first === undefined) return undefined;
    if (others.length > 0) {
      for (const answer of answers) answer.alone = true;
      return { answers, standing };
    }
    const shorter = deps.instead(first);
    return shorter && { answers: [{ ...shorter, alone: true }], standing };
  };

  /** Learns what became of a transaction that failed. */
  const claimAnew = async (): Promise<void> => {
    const claim = await deps.claim();
    if (over()) return claim.session.close();
    session = claim.session;
    if (pending !== undefined && isSame(claim.committed, pending.standing)) complete(pending);
    else if (!isSame(claim.committed, settled)) {
      closed = true;
      tellEnd('unknown');
      deps.elsewhere();
    } else if (pending !== undefined) giveBack(pending);
  };

  const commitNext = async (): Promise<void> => {
    if (session === undefined) await claimAnew();
    if (session === undefined || over()) return;
    const answers = queue.take();
    for (const { entry } of answers) entry.state = 'committing';
    const { topic, id } = partition;
    const { offset, beyond } = standingOnceCommitted(partition, answers.length);
    const metadata = encodeAllAcked(offset, beyond);
    const next = { topic, partition: id, offset, metadata: metadata ?? '' };
    const attempt: Pending = { answers, standing: next };
    if (metadata === undefined) {
      giveBack(attempt);
      throw new Error('what is answered beyond the position does not fit into a commit');
    }
    const nothingNew = answers.length === 0 && !anyway && isSame(next, settled);
    dirty = false;
    due = false;
    anyway = false;
    if (nothingNew) return;
    pending = attempt;
    const outputs = recordsOf(answers, 'outputs');
    attempt.ended = deps.begun?.(outputs);
    await session.commit({
      outputs,
      errors: recordsOf(answers, 'errors'),
      standing: next,
    });
    if (partition.lost) return tellEnd('committed');
    complete(attempt);
  };

  const handle = async (error: unknown): Promise<void> => {
    const used = session;
    session = undefined;
    void used?.close();
    if (pending !== undefined) pending.reason ??= error;
    if (over()) return tellEnd('unknown');
    const fault = deps.judge(error);
    failures += 1;
    if (fault === 'fenced') return rest();
    if (fault === 'too-large' && pending !== undefined) {
      // It cannot have been committed: the claim to come will find it so.
      tellEnd('aborted');
      const again = smaller(pending);
      pending = again ?? pending;
      if (again !== undefined) return;
    }
    const delayMs = backoffMs(failures, retryBackoff, deps.random);
    deps.failed(error, queue.length() + (pending?.answers.length ?? 0), delayMs);
    await sleep(delayMs);
  };

  const rest = async (): Promise<void> => {
    resting = true;
    deps.eased();
    if (await deps.isMember()) resting = false;
    else deps.schedule(options.fencedRestMs, resume);
  };

  const resume = (): void => {
    resting = false;
    start();
  };

  const sleep = (delayMs: number): Promise<void> =>
    new Promise((resolve) => deps.schedule(delayMs, resolve));

  const gather = async (): Promise<void> => {
    if (limits.lingerMs > 0 && !queue.isFull()) await linger.pause(limits.lingerMs);
  };

  const wasTried = (): void => {
    const waiters = flushed;
    flushed = [];
    for (const resolve of waiters) resolve();
  };

  const loop = async (): Promise<void> => {
    // What is given in the same turn of the event loop goes together.
    await Promise.resolve();
    while (hasWork()) {
      try {
        await commitNext();
        failures = 0;
        deps.eased();
        await gather();
      } catch (error) {
        wasTried();
        await handle(error);
      }
    }
    wasTried();
    if (over()) tellEnd('unknown');
    active = false;
    deps.eased();
  };

  const start = (): void => {
    if (active || !hasWork()) return;
    active = true;
    void loop();
  };

  const later = (): void => {
    if (waiting) return;
    waiting = true;
    deps.schedule(options.intervalMs, () => {
      waiting = false;
      due = true;
      start();
    });
  };

  return {
    write: (answer) => {
      queue.push(answer);
      if (!active) start();
      else if (queue.isFull()) linger.end();
    },
    moved: (urgent) => {
      dirty = true;
      if (!urgent) return later();
      due = true;
      start();
    },
    flush: (evenSo) => {
      if (over() || resting) return Promise.resolve();
      anyway ||= evenSo;
      dirty = true;
      due = true;
      const tried = new Promise<void>((resolve) => flushed.push(resolve));
      start();
      return tried;
    },
    writing: () => (over() || resting ? 0 : queue.length() + (pending?.answers.length ?? 0)),
    resume,
    close: async () => {
      closed = true;
      const used = session;
      session = undefined;
      await used?.close();
      // By now what was under way is over.
      tellEnd('unknown');
    },
  };
}

/** What the broker keeps of no metadata at all is null to some, and empty to others. */
const isSame = (a: CommittedOffset, b: CommittedOffset): boolean =>
  a.offset === b.offset && (a.metadata ?? '') === (b.metadata ?? '');

const recordsOf = (answers: readonly Answer[], to: Answer['to']): OutputRecord[] =>
  answers.filter((answer) => answer.to === to).map(({ record }) => record);
