/**
 * Duplicates: senders redeliver, and a model must not run twice for one event.
 *
 *   event ─▶ the same work in flight? ─▶ shares its outcome
 *        ├─▶ answered before, and kept? ─▶ that answer again
 *        └─▶ worked on; its answer is kept where answers are kept
 *
 * U1 Duplicates have the same (`source`, `id`), route and work (same-work.ts). The same id with
 *    other data is worked on anew, and counted as a conflict.
 * U2 A sharer waits until its own deadline. What ends the first one's wait, its caller's leaving
 *    too, does not end the work.
 * U3 A failure is told to all who share it, and never kept.
 * U4 Nothing is unbounded: so many may share as may run and wait.
 */

import { AdapterError } from '../errors.ts';
import type { Dispatch, Input } from './dispatch.ts';
import type { DuplicateStore } from './duplicate-store.ts';
import { type HandlingOf, handlingOfInput } from './handling.ts';
import type { Outcome } from './outcome.ts';
import type { Now, Schedule } from './ports.ts';
import { isSameWork, workDigest, workKey } from './same-work.ts';

/** `shared`: with one in flight; `answered`: by an answer that was kept; `conflict`: other data. */
export type DuplicateCount = 'shared' | 'answered' | 'conflict';

export interface DuplicatesOptions {
  /** The configured model; a route that names one overrides it. */
  readonly model: string | undefined;
  /** Most inputs that may wait for another's outcome. */
  readonly maxSharers: number;
}

export interface DuplicatesDeps {
  readonly handlingOf: HandlingOf;
  /** Undefined: only what is in flight is shared. */
  readonly store: DuplicateStore | undefined;
  readonly now: Now;
  readonly schedule: Schedule;
  readonly count: (what: DuplicateCount) => void;
}

type EventInput = Input & { readonly origin: { readonly kind: 'event' } };

interface Flight {
  readonly input: EventInput;
  readonly outcome: Promise<Outcome>;
  /** Another one with the same key and other work. */
  next: Flight | undefined;
}

/**
 * Wraps `work` so that it is done once for all duplicates; `work` must never reject, and neither
 * does what is returned.
 */
export function shareDuplicates(
  work: Dispatch,
  options: DuplicatesOptions,
  deps: DuplicatesDeps,
): Dispatch {
  const { handlingOf, store, now, schedule, count } = deps;
  const flights = new Map<string, Flight>();
  let sharers = 0;

  const share = async ({ outcome }: Flight, { deadline }: Input): Promise<Outcome> => {
    if (sharers >= options.maxSharers) return failed(tooManySharers(sharers));
    count('shared');
    sharers += 1;
    let callOff = (): void => undefined;
    const timeout = new Promise<Outcome>((resolve) => {
      const leftMs = Math.max(0, deadline - now());
      callOff = schedule(leftMs, () => resolve(failed(deadlinePassed())));
    });
    try {
      return await Promise.race([outcome, timeout]);
    } finally {
      callOff();
      sharers -= 1;
    }
  };

  const twinOf = (input: EventInput, first: Flight | undefined): Flight | undefined => {
    for (let flight = first; flight !== undefined; flight = flight.next) {
      const isTwin =
        isSameWork(flight.input, input) &&
        handlingOfInput(flight.input, handlingOf) === handlingOfInput(input, handlingOf);
      if (isTwin) return flight;
    }
    return undefined;
  };

  const land = (key: string, flight: Flight): void => {
    const first = flights.get(key);
    if (first === flight) {
      if (flight.next === undefined) flights.delete(key);
      else flights.set(key, flight.next);
      return;
    }
    for (let before = first; before !== undefined; before = before.next) {
      if (before.next === flight) before.next = flight.next;
    }
  };

  const fly = (key: string, input: EventInput): Promise<Outcome> => {
    const outcome = work(input).then((landed) => {
      land(key, flight);
      return landed;
    });
    const flight: Flight = { input, outcome, next: flights.get(key) };
    flights.set(key, flight);
    return outcome;
  };

  /** Answers from the store, or works and keeps the answer there. */
  const answerOnce = async (
    key: string,
    input: EventInput,
    answers: DuplicateStore,
  ): Promise<Outcome> => {
    const digest = workDigest(input, handlingOfInput(input, handlingOf));
    const answer = answers.find(key, digest);
    if (answer !== undefined) {
      count('answered');
      return answer;
    }
    if (flights.has(key) || answers.knows(key)) count('conflict');
    const outcome = await fly(key, input);
    if (outcome.kind === 'replied' || outcome.kind === 'accepted') {
      answers.keep(key, digest, outcome);
    }
    return outcome;
  };

  return (input) => {
    if (!isEvent(input)) return work(input);
    const key = workKey(input.origin.event, input.model ?? options.model);
    const first = flights.get(key);
    const twin = first === undefined ? undefined : twinOf(input, first);
    if (twin !== undefined) return share(twin, input);
    if (store !== undefined) return answerOnce(key, input, store);
    if (first !== undefined) count('conflict');
    return fly(key, input);
  };
}

const isEvent = (input: Input): input is EventInput => input.origin.kind === 'event';

const failed = (error: AdapterError): Outcome => ({ kind: 'failed', error });

const deadlinePassed = (): AdapterError =>
  new AdapterError(
    'DEADLINE_EXCEEDED',
    'the deadline passed while the same event, delivered before, was still being predicted; raise REQUEST_TIMEOUT_MS or make the predictor faster',
  );

const tooManySharers = (sharers: number): AdapterError =>
  new AdapterError(
    'OVERLOADED',
    `${sharers} redelivered events already wait for predictions under way; come back later, or let the sender wait longer before it delivers again`,
  );
