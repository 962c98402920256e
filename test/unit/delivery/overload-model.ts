/**
 * The limiter, its adaptive limit and a predictor of a few servers, in virtual time: requests come
 * at random times, the predictor is slow for a while. Everything is seeded.
 */

import { createAdaptiveLimit } from '../../../src/delivery/adaptive-limit.ts';
import { createLimiter, inPlace, type Limiter } from '../../../src/delivery/limiter.ts';
import { createSampledCall } from '../../../src/delivery/sampled-call.ts';
import { AdapterError } from '../../../src/errors.ts';

export interface Model {
  readonly servers: number;
  readonly serviceMs: number;
  /** So many times slower it is from `slowFromMs` to `slowToMs`. */
  readonly slowdown: number;
  readonly slowFromMs: number;
  readonly slowToMs: number;
  readonly untilMs: number;
  readonly requestsPerSecond: number;
  readonly deadlineMs: number;
  readonly deadlineFraction: number;
  readonly adaptive: boolean;
  readonly maxConcurrent?: number;
  readonly maxWaiting?: number;
  /** Kafka's workers, which always have a record; none. */
  readonly workers?: number;
  readonly seed?: number;
}

export interface Answered {
  readonly at: number;
  readonly arrivedAt: number;
  readonly status: number;
  readonly retryAfterMs: number | undefined;
}

export interface Run {
  readonly answers: readonly Answered[];
  /** How many requests came. */
  readonly sent: number;
  /** When each record was answered. */
  readonly records: readonly number[];
  /** Limits as they were, once every 50 ms. */
  readonly limits: readonly { readonly at: number; readonly limit: number }[];
  readonly limiter: Limiter;
}

/** xorshift32: numbers in [0, 1). */
function createRandom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Virtual time: timers in a heap-less list would be slow for so many, so they are kept sorted. */
function createTime() {
  let now = 0;
  const timers: { at: number; action: (() => void) | undefined }[] = [];
  const schedule = (delayMs: number, action: () => void): (() => void) => {
    const timer: { at: number; action: (() => void) | undefined } = { at: now + delayMs, action };
    let [low, high] = [0, timers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((timers[middle]?.at ?? 0) > timer.at) low = middle + 1;
      else high = middle;
    }
    timers.splice(low, 0, timer);
    return () => {
      timer.action = undefined;
    };
  };
  const run = async (): Promise<void> => {
    for (let timer = timers.pop(); timer !== undefined; timer = timers.pop()) {
      if (timer.action === undefined) continue;
      now = Math.max(now, timer.at);
      timer.action();
      // What waits for it goes on at the same instant.
      for (let i = 0; i < 12; i += 1) await undefined;
    }
  };
  return { now: () => now, schedule, run };
}

export async function runModel(model: Model): Promise<Run> {
  const { deadlineMs, deadlineFraction, workers = 0 } = model;
  const time = createTime();
  const { now, schedule } = time;
  const random = createRandom(model.seed ?? 20_261_121);
  const { maxConcurrent = 64, maxWaiting = 256 } = model;
  const limiter = createLimiter({ maxConcurrent, maxWaiting, deadlineFraction }, time);

  // The predictor: first come, first served; who went away is served all the same.
  let free = model.servers;
  const queue: (() => void)[] = [];
  const serve = (done: () => void): void => {
    const isSlow = now() >= model.slowFromMs && now() < model.slowToMs;
    const factor = (isSlow ? model.slowdown : 1) * (0.5 + random());
    schedule(model.serviceMs * factor, () => {
      done();
      const next = queue.shift();
      if (next === undefined) free += 1;
      else next();
    });
  };
  const predict = (deadline: number) =>
    new Promise<never>((resolve, reject) => {
      const callOff = schedule(Math.max(0, deadline - now()), () =>
        reject(new AdapterError('DEADLINE_EXCEEDED', 'no answer in time')),
      );
      const done = (): void => {
        callOff();
        resolve({ status: 200 } as never);
      };
      if (free > 0) {
        free -= 1;
        serve(done);
      } else queue.push(() => serve(done));
    });

  const adaptive = createAdaptiveLimit({
    max: maxConcurrent + workers,
    targetMs: (deadlineFraction * deadlineMs) / 2,
  });
  const plain = (call: { readonly deadline: number }) => predict(call.deadline);
  const call = model.adaptive ? createSampledCall({ call: plain, adaptive, limiter, now }) : plain;
  if (model.adaptive) limiter.resize(adaptive.limit(), 0);

  const answers: Answered[] = [];
  let sent = 0;
  const one = async (): Promise<void> => {
    sent += 1;
    const arrivedAt = now();
    const request = {
      path: '/',
      headers: [],
      body: new Uint8Array(),
      deadline: now() + deadlineMs,
    };
    let error: AdapterError | undefined;
    try {
      await inPlace(limiter, request.deadline, call, request);
    } catch (thrown) {
      error = AdapterError.from(thrown);
    }
    const status = error?.status ?? 200;
    answers.push({ at: now(), arrivedAt, status, retryAfterMs: error?.retryAfterMs });
  };
  const arrive = (): void => {
    if (now() >= model.untilMs) return;
    void one();
    schedule((-Math.log(1 - random()) * 1_000) / model.requestsPerSecond, arrive);
  };
  schedule(0, arrive);

  const records: number[] = [];
  const work = async (): Promise<void> => {
    while (now() < model.untilMs) {
      const waiting = limiter.guests.enter();
      if (waiting !== undefined) await waiting;
      const request = {
        path: '/',
        headers: [],
        body: new Uint8Array(),
        deadline: now() + deadlineMs,
      };
      await call(request).then(
        () => records.push(now()),
        () => undefined,
      );
      limiter.guests.leave();
    }
  };
  for (let i = 0; i < workers; i += 1) void work();

  const limits: { at: number; limit: number }[] = [];
  const look = (): void => {
    limits.push({ at: now(), limit: limiter.places });
    if (now() < model.untilMs) schedule(50, look);
  };
  look();
  await time.run();
  return { answers, sent, records, limits, limiter };
}

/** @returns the least value that `share` of all do not exceed; NaN of none */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}
