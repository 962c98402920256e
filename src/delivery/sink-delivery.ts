/**
 * Delivers one reply event to the sink: attempts, waits between them, and what it is when none
 * succeeds. What is retried, and after how long, is Knative's `delivery`: a 404, 408, 409, 429 or
 * 5xx and every lost connection, after delay·n (linear) or delay·2ⁿ (exponential).
 *
 * S1 It ends by the deadline: an attempt that could only begin after it is not waited for.
 * S2 Retry-After of a 429 or 503 is heeded where it is longer than the backoff.
 * S3 After {@link SinkDelivery.close} nothing is tried again, and nobody waits.
 */

import { AdapterError } from '../errors.ts';
import type { Event } from '../event/event.ts';
import type { Now, Schedule } from './ports.ts';
import { isSentAgain } from './sent-again.ts';

/** What is delivered: a reply event, and what travels as headers beside it. */
export interface SinkMessage {
  readonly event: Event;
  readonly puid: string;
  readonly protoName: string | undefined;
}

/** What became of one attempt. */
export type SinkAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly retryAfterMs?: number | undefined;
    }
  /** There was no answer in time. */
  | { readonly kind: 'silent' }
  /** There was no connection, or it was lost. */
  | { readonly kind: 'unreached'; readonly reason: string };

/** Sends once; never rejects. */
export type SendToSink = (message: SinkMessage, timeoutMs: number) => Promise<SinkAnswer>;

export interface SinkDeliveryOptions {
  /** For messages: where the sink is. */
  readonly sink: string;
  /** How often an attempt is repeated. */
  readonly retry: number;
  readonly backoffPolicy: 'linear' | 'exponential';
  readonly backoffDelayMs: number;
  /** How long one attempt may take. */
  readonly timeoutMs: number;
}

export interface SinkDeliveryDeps {
  readonly send: SendToSink;
  readonly now: Now;
  readonly schedule: Schedule;
}

export interface SinkDelivery {
  /**
   * Resolves when the sink has taken it.
   * @param deadline on the clock of {@link Now}; may be infinite
   * @throws AdapterError SINK_FAILED, SINK_UNREACHABLE or DEADLINE_EXCEEDED
   */
  readonly deliver: (message: SinkMessage, deadline: number) => Promise<void>;
  readonly close: () => void;
}

/** However often was tried: timers are bounded, and a sink that is back is to be found. */
const maxDelayMs = 600_000;

export function createSinkDelivery(
  options: SinkDeliveryOptions,
  deps: SinkDeliveryDeps,
): SinkDelivery {
  const sleepers = new Set<() => void>();
  let isClosed = false;

  const sleep = (delayMs: number): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        sleepers.delete(wake);
        callOff();
        resolve();
      };
      const callOff = deps.schedule(delayMs, wake);
      sleepers.add(wake);
    });

  const deliver = async (message: SinkMessage, deadline: number): Promise<void> => {
    for (let attempts = 1; ; attempts += 1) {
      const timeoutMs = Math.min(options.timeoutMs, deadline - deps.now());
      if (timeoutMs <= 0) throw deadlinePassed(options.sink);
      const answer = await deps.send(message, timeoutMs);
      if (wasTaken(answer)) return;
      const delayMs = delayBeforeNext(options, answer, attempts);
      if (delayMs === undefined || isClosed || deps.now() + delayMs >= deadline) {
        throw faultOf(options.sink, answer, attempts);
      }
      await sleep(delayMs);
      // Woken by the end of the process.
      if (isClosed) throw faultOf(options.sink, answer, attempts);
    }
  };

  return {
    deliver,
    close: () => {
      isClosed = true;
      for (const wake of sleepers) wake();
    },
  };
}

const wasTaken = (answer: SinkAnswer): boolean =>
  answer.kind === 'answered' && answer.status >= 200 && answer.status < 300;

/** @returns undefined where this answer stands */
function delayBeforeNext(
  { retry, backoffPolicy, backoffDelayMs }: SinkDeliveryOptions,
  answer: SinkAnswer,
  attempts: number,
): number | undefined {
  if (attempts > retry || !isRetried(answer)) return undefined;
  const factor = backoffPolicy === 'linear' ? attempts : 2 ** attempts;
  return Math.min(maxDelayMs, Math.max(backoffDelayMs * factor, askedFor(answer)));
}

const isRetried = (answer: SinkAnswer): boolean =>
  answer.kind !== 'answered' || isSentAgain(answer.status);

const askedFor = (answer: SinkAnswer): number =>
  answer.kind === 'answered' && (answer.status === 429 || answer.status === 503)
    ? (answer.retryAfterMs ?? 0)
    : 0;

function faultOf(sink: string, answer: SinkAnswer, attempts: number): AdapterError {
  const tried = attempts === 1 ? 'after 1 attempt' : `after ${attempts} attempts`;
  switch (answer.kind) {
    case 'answered':
      return new AdapterError(
        'SINK_FAILED',
        `the sink ${sink} answered ${answer.status} to the reply event, ${tried}${hint(answer.status)}`,
      );
    case 'silent':
      return new AdapterError(
        'DEADLINE_EXCEEDED',
        `the sink ${sink} did not answer in time, ${tried}; look at its log, or raise SINK_TIMEOUT or REQUEST_TIMEOUT_MS`,
      );
    case 'unreached':
      return new AdapterError(
        'SINK_UNREACHABLE',
        `the sink ${sink} cannot be reached (${answer.reason}), ${tried}; check K_SINK and that it runs`,
      );
  }
}

function hint(status: number): string {
  if (status >= 300 && status < 400) {
    return '; redirects are not followed, set K_SINK to where it leads';
  }
  if (status === 401 || status === 403) return '; check its policy and SINK_TOKEN_FILE';
  return '; look at its log';
}

const deadlinePassed = (sink: string): AdapterError =>
  new AdapterError(
    'DEADLINE_EXCEEDED',
    `the deadline passed before the reply event could be sent to the sink ${sink}; raise REQUEST_TIMEOUT_MS or SINK_CONCURRENCY`,
  );
