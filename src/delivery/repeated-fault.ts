/**
 * Tells of a fault that goes on while somebody tries again and again: at once, then after pauses
 * that double, with how often it failed meanwhile, and once when it is over. An outage is never
 * silent, and does not drown what else the log holds.
 */

import type { Log, Now } from './ports.ts';

export interface RepeatedFaultOptions {
  readonly level: 'warn' | 'error';
  readonly message: string;
  /** Said when it is over, where the fault was told. */
  readonly over: string;
}

export interface RepeatedFault {
  /** One more try failed; `fields` go along where it is told. */
  readonly failed: (error: unknown, fields?: object) => void;
  /** A try succeeded. */
  readonly succeeded: () => void;
  /** How long it has lasted, in ms; 0 while there is none. */
  readonly lastingMs: () => number;
  /** For people: how long, how often and why; undefined while there is none. */
  readonly state: () => string | undefined;
}

/** Between two lines, the over of one fault and the next fault included, in ms. */
const shortestPauseMs = 5_000;
const longestPauseMs = 60_000;

/** Starts without a fault. */
export function createRepeatedFault(
  { level, message, over }: RepeatedFaultOptions,
  { now, log }: { readonly now: Now; readonly log: Log },
): RepeatedFault {
  let current: { sinceMs: number; failures: number; told: boolean; reason: string } | undefined;
  let tellAtMs = Number.NEGATIVE_INFINITY;
  let pauseMs = shortestPauseMs;

  return {
    failed: (error, fields = {}) => {
      const nowMs = now();
      current ??= { sinceMs: nowMs, failures: 0, told: false, reason: '' };
      current.failures += 1;
      current.reason = reasonOf(error);
      if (nowMs < tellAtMs) return;
      pauseMs = current.told ? Math.min(2 * pauseMs, longestPauseMs) : shortestPauseMs;
      tellAtMs = nowMs + pauseMs;
      current.told = true;
      const { reason, failures, sinceMs } = current;
      log[level]({ ...fields, reason, failures, forMs: Math.round(nowMs - sinceMs) }, message);
    },
    succeeded: () => {
      if (current === undefined) return;
      const { told, failures, sinceMs } = current;
      current = undefined;
      if (told) log.info({ failures, forMs: Math.round(now() - sinceMs) }, over);
    },
    lastingMs: () => (current === undefined ? 0 : now() - current.sinceMs),
    state: () => {
      if (current === undefined) return undefined;
      const { sinceMs, failures, reason } = current;
      const seconds = Math.round((now() - sinceMs) / 1_000);
      return `for ${seconds} s, ${failures} ${failures === 1 ? 'try' : 'tries'}: ${reason}`;
    },
  };
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
