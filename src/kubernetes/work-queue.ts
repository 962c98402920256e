/**
 * Which keys are to be processed, each at its time.
 *
 * Q1 A key waits once, however often it is added; it is never processed twice at once.
 * Q2 A key added while it is processed is processed once more afterwards.
 * Q3 A failure brings it back, later each time; a success forgets the failures.
 */

import { type BackoffOptions, backoffMs } from '../delivery/backoff.ts';
import type { Log, Now, Random, Schedule } from '../delivery/ports.ts';
import { KubernetesApiError } from './api-error.ts';

export interface WorkQueueOptions {
  /** Keys processed at once. */
  readonly concurrency: number;
  readonly backoff: BackoffOptions;
}

export interface Requeue {
  readonly requeueAfterMs: number;
}

export interface WorkQueueDeps {
  /** Brings one key to where it should be. Rejects: again after a backoff, or the error's `retryAfterMs`. */
  readonly process: (key: string) => Promise<Requeue | undefined> | Promise<void>;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly now: Now;
  readonly log: Log;
  /** After each time a key was processed: how long that took, and how long the key had waited. */
  readonly count?: (result: 'processed' | 'failed', spentMs: number, waitedMs: number) => void;
}

export interface WorkQueue {
  /** As soon as there is room, whatever delay or backoff it had. */
  readonly add: (key: string) => void;
  /** In `ms`, unless it is due earlier already. */
  readonly addAfter: (key: string, ms: number) => void;
  /** Keys due and not yet begun. */
  readonly depth: () => number;
  /** Keys being processed. */
  readonly running: () => number;
  /** Begins no more; resolves when what was begun has ended. Idempotent. */
  readonly close: () => Promise<void>;
}

interface Delayed {
  readonly dueAt: number;
  readonly callOff: () => void;
}

export function createWorkQueue(options: WorkQueueOptions, deps: WorkQueueDeps): WorkQueue {
  const { process, schedule, random, now, log, count } = deps;
  /** By when they became due, the first one first. */
  const due = new Map<string, number>();
  const delayed = new Map<string, Delayed>();
  const running = new Map<string, Promise<void>>();
  /** Added while running. */
  const again = new Set<string>();
  const failures = new Map<string, number>();
  let closed = false;
  let waking = false;

  const undelay = (key: string): void => {
    delayed.get(key)?.callOff();
    delayed.delete(key);
  };

  const add = (key: string): void => {
    if (closed) return;
    undelay(key);
    if (running.has(key)) again.add(key);
    else if (!due.has(key)) {
      due.set(key, now());
      beginSoon();
    }
  };

  const addAfter = (key: string, ms: number): void => {
    if (closed || due.has(key)) return;
    if (!(ms > 0)) {
      add(key);
      return;
    }
    const dueAt = now() + ms;
    const earlier = delayed.get(key);
    if (earlier !== undefined && earlier.dueAt <= dueAt) return;
    undelay(key);
    const callOff = schedule(ms, () => add(key));
    delayed.set(key, { dueAt, callOff });
  };

  const failed = (key: string, error: unknown): void => {
    const times = (failures.get(key) ?? 0) + 1;
    failures.set(key, times);
    const asked = error instanceof KubernetesApiError ? (error.retryAfterMs ?? 0) : 0;
    const retryInMs = Math.max(backoffMs(times, options.backoff, random), asked);
    log.warn({ err: error, key, times, retryInMs }, 'processing failed; trying again');
    addAfter(key, retryInMs);
  };

  const run = async (key: string, waitedMs: number): Promise<void> => {
    const startedAt = now();
    let result: 'processed' | 'failed' = 'processed';
    try {
      const requeue = (await process(key)) ?? undefined;
      failures.delete(key);
      if (requeue !== undefined) addAfter(key, requeue.requeueAfterMs);
    } catch (error) {
      result = 'failed';
      if (!closed) failed(key, error);
    }
    count?.(result, now() - startedAt, waitedMs);
  };

  const begin = (): void => {
    for (const [key, dueSince] of due) {
      if (closed || running.size >= options.concurrency) return;
      due.delete(key);
      const ended = run(key, now() - dueSince).finally(() => {
        running.delete(key);
        if (again.delete(key)) add(key);
        beginSoon();
      });
      running.set(key, ended);
    }
  };

  /** Whoever adds a key goes on first, and what is added with it is one. */
  const beginSoon = (): void => {
    if (waking) return;
    waking = true;
    queueMicrotask(() => {
      waking = false;
      begin();
    });
  };

  return {
    add,
    addAfter,
    depth: () => due.size,
    running: () => running.size,
    close: async () => {
      closed = true;
      for (const key of [...delayed.keys()]) undelay(key);
      due.clear();
      again.clear();
      await Promise.all(running.values());
    },
  };
}
