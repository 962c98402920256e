/** How long the pods of a predictor take to end in order. */

import { parseDurationMs } from '../../duration.ts';
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

/** The longest timer of Node; the adapter refuses more. */
const maxMs = 2 ** 31 - 1;

function millisecondsOf(env: readonly EnvVar[], name: string, fallback: number): number {
  const written = env.find((variable) => variable.name === name)?.value?.trim() ?? '';
  return Math.min(parseDurationMs(written) ?? fallback, maxMs);
}
