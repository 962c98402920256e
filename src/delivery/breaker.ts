/**
 * A circuit breaker around the calls of one model: while it serves nobody, callers are told so at
 * once instead of waiting for it, and one of them at a time finds out whether it serves again.
 *
 *   closed ──serves nobody──▶ open ──probe due──▶ one probe ──answered──▶ closed
 *                              ▲                     └──failed──▶ open, longer
 *
 * B1 Callers cannot shut out each other. What a model answers to one input opens nothing, not even
 *    a 500: it answers. What opens it is a call that never arrived, or calls that were lost, got no
 *    answer in time or were turned away (429, 502, 503, 504): several, for a while, in a row.
 * B2 In a row: a failure of a call counts only if nobody was answered since that call began. So as
 *    long as anybody is answered while such calls last, it stays closed.
 * B3 A deadline that had passed before the call, or that left it no time, is no failure of the model.
 * B4 Any answer closes it, also a late one to a call from before.
 * B5 A probe that hangs does not keep others away for longer than {@link maxDelayMs}.
 */

import { AdapterError } from '../errors.ts';
import { faultOfAnswer } from '../inference/classify-answer.ts';
import { backoffMs } from './backoff.ts';
import type { CallWithinDeadline, DeadlineCall } from './call-within-deadline.ts';
import type { Log, Now, PredictionAnswer, Random } from './ports.ts';

/** So many calls fail in a row, */
const failingCalls = 5;
/** from the beginning of the first to the end of the last for at least so long. */
const failingMs = 1_000;
/** Between probes. */
const baseDelayMs = 250;
const maxDelayMs = 5_000;

/** Answers of a server that has no model to ask, or no room: they say nothing of the input. */
const turnedAway = new Set([429, 502, 503, 504]);
/** Errors of a call that the model did not answer. */
const unanswered = new Set(['PREDICTOR_UNREACHABLE', 'PREDICTOR_FAILED', 'DEADLINE_EXCEEDED']);

export interface BreakerOptions {
  /** What is called, for the log. */
  readonly what: 'predictor' | 'node';
  /** Its name and address, for messages. */
  readonly where: string;
  /** How long a call may take by the settings, in ms: one that had less than half of it is B3's. */
  readonly attemptTimeoutMs: number;
}

export interface BreakerDeps {
  readonly call: CallWithinDeadline;
  readonly now: Now;
  readonly random: Random;
  readonly log: Log;
}

export interface Breaker {
  /** The same call, which throws CIRCUIT_OPEN at once while the breaker is open. */
  readonly call: CallWithinDeadline;
  /** The model calls itself ready, which it did not: calls arrive there again. */
  readonly ready: () => void;
  readonly isOpen: () => boolean;
  /** How often it opened so far. */
  readonly opened: () => number;
  /** How many calls it refused so far. */
  readonly refused: () => number;
}

/** While it is open. */
interface Opening {
  readonly neverArrived: boolean;
  readonly reason: string;
  readonly failedProbes: number;
  /** When the next probe may be made. */
  dueAt: number;
  /** A probe is under way that is not overdue. */
  probing: boolean;
}

/** Makes it, closed. */
export function createBreaker(options: BreakerOptions, deps: BreakerDeps): Breaker {
  const { what, where } = options;
  const { now, log } = deps;
  const leastMs = Math.min(failingMs, options.attemptTimeoutMs / 2);
  let answers = 0;
  let failures = 0;
  let failingSince = 0;
  let open: Opening | undefined;
  let [opened, refused] = [0, 0];

  const goOpen = (error: AdapterError, failedProbes: number): void => {
    const backoff = { baseMs: baseDelayMs, maxMs: maxDelayMs };
    const ownDelayMs = backoffMs(failedProbes + 1, backoff, deps.random);
    const delayMs = Math.max(ownDelayMs, Math.min(error.retryAfterMs ?? 0, maxDelayMs));
    if (open === undefined) {
      opened += 1;
      const fields = { where, code: error.code, reason: error.message };
      log.warn(fields, `the ${what} is not called for a while: its circuit breaker opened`);
    }
    open = {
      neverArrived: !error.reached,
      reason: error.message,
      failedProbes,
      dueAt: now() + delayMs,
      probing: false,
    };
  };

  const close = (): void => {
    open = undefined;
    log.info({ where }, `the ${what} is called again: its circuit breaker closed`);
  };

  const answered = (): void => {
    answers += 1;
    failures = 0;
    if (open !== undefined) close();
  };

  /** @param seen how many had been answered when the call began */
  const failed = (error: AdapterError, seen: number, beganAt: number): void => {
    // Others that were under way with it have told us already, or somebody was answered since.
    if (open !== undefined || seen !== answers) return;
    failingSince = failures === 0 ? beganAt : Math.min(failingSince, beganAt);
    failures += 1;
    const isLong = failures >= failingCalls && now() - failingSince >= failingMs;
    if (!error.reached || isLong) goOpen(error, 0);
  };

  const saysNothing = (error: AdapterError, beganAt: number): boolean => {
    if (!unanswered.has(error.code)) return true;
    if (error.code !== 'DEADLINE_EXCEEDED') return false;
    return !error.reached || now() - beganAt < leastMs;
  };

  /** An answer whose contents cannot be used is one. */
  const isAnswer = ({ code }: AdapterError): boolean => code === 'PREDICTOR_ANSWER_UNUSABLE';

  const refusal = (answer: PredictionAnswer): AdapterError | undefined =>
    turnedAway.has(answer.status) ? faultOfAnswer(answer, where) : undefined;

  const probe = async (request: DeadlineCall, opening: Opening): Promise<PredictionAnswer> => {
    const beganAt = now();
    opening.dueAt = beganAt + maxDelayMs;
    opening.probing = true;
    const again = (error: AdapterError): void => {
      if (open === opening) goOpen(error, opening.failedProbes + 1);
    };
    try {
      const answer = await deps.call(request);
      const fault = refusal(answer);
      if (fault === undefined) answered();
      else again(fault);
      return answer;
    } catch (thrown) {
      const error = AdapterError.from(thrown);
      if (isAnswer(error)) answered();
      else if (!saysNothing(error, beganAt)) again(error);
      else if (opening.probing) Object.assign(opening, { probing: false, dueAt: now() });
      throw error;
    }
  };

  const whileOpen = (request: DeadlineCall, opening: Opening): Promise<PredictionAnswer> => {
    const inMs = opening.dueAt - now();
    if (inMs <= 0) return probe(request, opening);
    refused += 1;
    const retryInMs = Math.ceil(opening.probing ? Math.min(inMs, failingMs) : inMs);
    return Promise.reject(circuitOpen(where, opening.reason, retryInMs));
  };

  // Without an async function of its own: this is on everybody's way.
  const call: CallWithinDeadline = (request) => {
    if (open !== undefined) return whileOpen(request, open);
    const seen = answers;
    const beganAt = now();
    return deps.call(request).then(
      (answer) => {
        const fault = answer.status < 300 ? undefined : refusal(answer);
        if (fault === undefined) answered();
        else failed(fault, seen, beganAt);
        return answer;
      },
      (thrown) => {
        const error = AdapterError.from(thrown);
        if (isAnswer(error)) answered();
        else if (!saysNothing(error, beganAt)) failed(error, seen, beganAt);
        throw error;
      },
    );
  };

  return {
    call,
    ready: () => {
      if (open?.neverArrived === true) close();
    },
    isOpen: () => open !== undefined,
    opened: () => opened,
    refused: () => refused,
  };
}

const circuitOpen = (where: string, reason: string, retryInMs: number): AdapterError =>
  new AdapterError(
    'CIRCUIT_OPEN',
    `${where} is not called for now, since its last calls failed (${reason}); send it again: it is tried again in ${retryInMs} ms`,
    { reached: false, retryAfterMs: retryInMs },
  );
