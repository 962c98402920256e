/** A predictor that becomes ten times slower and recovers, in virtual time (overload-model.ts). */

import { describe, expect, it } from 'vitest';
import { type Answered, type Model, quantile, type Run, runModel } from './overload-model.ts';

const model: Model = {
  servers: 4,
  serviceMs: 10,
  slowdown: 10,
  slowFromMs: 10_000,
  slowToMs: 30_000,
  untilMs: 45_000,
  requestsPerSecond: 200,
  deadlineMs: 2_000,
  deadlineFraction: 0.5,
  adaptive: true,
};
/** What four servers of 100 ms each can answer. */
const slowCapacity = 40;

const between = ({ answers }: Run, from: number, to: number): Answered[] =>
  answers.filter(({ arrivedAt }) => arrivedAt >= from && arrivedAt < to);
const accepted = (answers: readonly Answered[]): number[] =>
  answers.filter(({ status }) => status === 200).map(({ at, arrivedAt }) => at - arrivedAt);
const refused = (answers: readonly Answered[]): Answered[] =>
  answers.filter(({ status }) => status === 429);

describe('a predictor that becomes ten times slower', async () => {
  const run = await runModel(model);
  const fast = between(run, 0, 10_000);
  const slow = between(run, 11_000, 30_000);
  const recovered = between(run, 31_000, 45_000);

  it('loses no request without an answer, and lets none time out', () => {
    expect(run.answers).toHaveLength(run.sent);
    expect(new Set(run.answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
  });

  it('makes nobody be turned away before', () => {
    expect(refused(fast)).toEqual([]);
  });

  it('has what it cannot answer turned away early, with a time to come back', () => {
    const waits = refused(slow).map(({ at, arrivedAt }) => at - arrivedAt);
    expect(quantile(waits, 0.9)).toBe(0);
    for (const { retryAfterMs } of refused(slow)) {
      expect(retryAfterMs).toBeGreaterThanOrEqual(1_000);
      expect(retryAfterMs).toBeLessThan(10_000);
    }
  });

  it('keeps p99 of what is accepted near the fraction of the deadline, and all within it', () => {
    const targetMs = model.deadlineMs * model.deadlineFraction;
    expect(quantile(accepted(slow), 0.99)).toBeLessThan(1.25 * targetMs);
    expect(quantile(accepted(run.answers), 0.99)).toBeLessThan(1.25 * targetMs);
    expect(Math.max(...accepted(run.answers))).toBeLessThan(model.deadlineMs);
  });

  it('still answers as many as it can', () => {
    const seconds = (30_000 - 11_000) / 1_000;
    expect(accepted(slow).length).toBeGreaterThan(0.9 * slowCapacity * seconds);
  });

  it('gets all requests again a second after it has recovered', () => {
    expect(refused(recovered)).toEqual([]);
    expect(quantile(accepted(recovered), 0.99)).toBeLessThan(100);
  });

  it('leaves the limit above 1 all the time', () => {
    expect(Math.min(...run.limits.map(({ limit }) => limit))).toBeGreaterThan(1);
  });

  it('answers next to nobody without the adaptive limit: calls time out that others waited for', async () => {
    const without = await runModel({ ...model, adaptive: false, deadlineFraction: 1 });
    expect(without.answers).toHaveLength(without.sent);
    const inTime = accepted(between(without, 11_000, 30_000));
    expect(inTime.length).toBeLessThan(accepted(slow).length / 10);
  });
});

describe('whatever the predictor', () => {
  const models: readonly [string, Partial<Model>][] = [
    ['one server', { servers: 1, requestsPerSecond: 60 }],
    ['32 servers', { servers: 32, requestsPerSecond: 1_000 }],
    ['five times the load', { requestsPerSecond: 350 }],
    ['another second half', { seed: 7 }],
    ['one place only', { maxConcurrent: 1, requestsPerSecond: 50 }],
    ['nobody may wait', { maxWaiting: 0 }],
    ['a fifth of the deadline', { deadlineMs: 5_000, deadlineFraction: 0.2 }],
  ];

  it.each(models)(
    '%s: each is answered in time or turned away, and all is well afterwards',
    async (_what, more) => {
      const one = { ...model, ...more };
      const run = await runModel(one);
      expect(run.answers).toHaveLength(run.sent);
      expect(run.answers.filter(({ status }) => status === 504)).toEqual([]);
      const targetMs = one.deadlineMs * one.deadlineFraction;
      const inSlow = accepted(between(run, 12_000, 30_000));
      expect(inSlow.length).toBeGreaterThan(100);
      expect(quantile(inSlow, 0.99)).toBeLessThan(1.6 * targetMs);
      const after = between(run, 31_000, 45_000);
      expect(refused(after).length).toBeLessThan(after.length / 50);
      expect([run.limiter.running(), run.limiter.waiting()]).toEqual([0, 0]);
    },
  );

  it('one that is slower than the deadline allows is asked little, and asked for all when it recovers', async () => {
    const run = await runModel({ ...model, slowdown: 1_000 });
    expect(run.answers).toHaveLength(run.sent);
    expect(Math.min(...run.limits.map(({ limit }) => limit))).toBeGreaterThanOrEqual(1);
    // What it was asked before it recovered it goes on with.
    const after = between(run, 42_000, 45_000);
    expect(accepted(after).length).toBeGreaterThan(0.95 * after.length);
  });

  it('Kafka, whose backlog never ends, and HTTP get about as much each', async () => {
    const run = await runModel({ ...model, workers: 16 });
    expect(run.answers).toHaveLength(run.sent);
    const records = run.records.filter((at) => at >= 12_000 && at < 30_000).length;
    const http = accepted(between(run, 12_000, 30_000)).length;
    expect(records).toBeGreaterThan(0.25 * slowCapacity * 18);
    expect(http).toBeGreaterThan(0.25 * slowCapacity * 18);
  });
});
