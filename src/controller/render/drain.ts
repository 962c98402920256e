/** How long the pods of a predictor take to end in order. */

import type { EnvVar } from './seldon-deployment.ts';

export interface DrainSeconds {
  /** Between SIGTERM and SIGKILL. */
  readonly gracePeriod: number;
  /** How long model containers wait before SIGTERM reaches them. */
  readonly modelDelay: number;
}

/** The adapter's own defaults (docs/configuration.md), for what `svcOrchSpec.env` leaves unset. */
const defaultDelayMs = 3_000;
const defaultTimeoutMs = 12_000;

/** After the drain: to commit, to close and to flush. */
const closingSeconds = 10;
/** What the last prediction of the drain may need to come back. */
const marginSeconds = 2;

/** Reads the adapter's drain out of its variables. */
export function drainSeconds(env: readonly EnvVar[]): DrainSeconds {
  const drainMs =
    millisecondsOf(env, 'DRAIN_DELAY_MS', defaultDelayMs) +
    millisecondsOf(env, 'DRAIN_TIMEOUT_MS', defaultTimeoutMs);
  const drain = Math.ceil(drainMs / 1_000);
  return { gracePeriod: drain + closingSeconds, modelDelay: drain + marginSeconds };
}

const unitMs: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1_000, m: 60_000 };
/** The longest timer of Node; the adapter refuses more. */
const maxMs = 2 ** 31 - 1;

/** As the adapter reads durations: a number, or one with `ms`, `s` or `m`. */
function millisecondsOf(env: readonly EnvVar[], name: string, fallback: number): number {
  const written = env.find((variable) => variable.name === name)?.value?.trim() ?? '';
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(written);
  if (match === null) return fallback;
  const [, number = '', unit = ''] = match;
  return Math.min(Number(number) * (unitMs[unit] ?? 1), maxMs);
}
