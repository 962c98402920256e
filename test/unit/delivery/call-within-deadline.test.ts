import { describe, expect, it } from 'vitest';
import { createCallWithinDeadline } from '../../../src/delivery/call-within-deadline.ts';
import type { PredictionAnswer, PredictionCall } from '../../../src/delivery/ports.ts';
import { AdapterError } from '../../../src/errors.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { bytes } from '../event/messages.ts';

const answer = (status: number, retryAfterMs?: number): PredictionAnswer => ({
  status,
  contentType: undefined,
  contentEncoding: undefined,
  puid: undefined,
  retryAfterMs,
  body: bytes('{}'),
});
const refused = new AdapterError('PREDICTOR_UNREACHABLE', 'refused', { reached: false });
const payload = bytes('[1]');

type Result = PredictionAnswer | AdapterError | Error;

/** Calls a predictor whose attempts end so, one after another; the last one stands for the rest. */
async function call(
  results: readonly Result[],
  deadline = 10_000,
  attemptTimeoutMs = 3_000,
  isRepeatable = false,
) {
  const clock = createFakeClock();
  const calls: { at: number; call: PredictionCall }[] = [];
  const run = createCallWithinDeadline(
    { attemptTimeoutMs, maxRepeats: 3, isRepeatable },
    {
      ...clock,
      random: () => 0.5,
      call: async (made) => {
        calls.push({ at: clock.now(), call: made });
        const result = results[Math.min(calls.length, results.length) - 1];
        if (result === undefined || result instanceof Error) throw result;
        return result;
      },
    },
  );
  const request = { path: '/predict', headers: ['a', 'b'], body: payload, deadline };
  let result: PredictionAnswer | AdapterError | undefined;
  let endedAt = 0;
  run(request)
    .catch((error: AdapterError) => error)
    .then((end) => {
      result = end;
      endedAt = clock.now();
    });
  await clock.drain(1e6);
  return { calls, result, endedAt };
}

describe('a call within a deadline', () => {
  it('hands the answer back, and the payload over, as they are', async () => {
    const given = answer(200);
    const { calls, result } = await call([given]);
    expect(result).toBe(given);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.call.body).toBe(payload);
    expect(calls[0]?.call).toMatchObject({ path: '/predict', headers: ['a', 'b'] });
  });

  it.each([429, 503])('is repeated when it was turned away with %i', async (status) => {
    const { calls, result } = await call([answer(status), answer(status), answer(200)]);
    expect(calls).toHaveLength(3);
    expect(result).toMatchObject({ status: 200 });
  });

  it('is repeated when it never reached the predictor', async () => {
    const { calls, result } = await call([refused, answer(200)]);
    expect(calls).toHaveLength(2);
    expect(result).toMatchObject({ status: 200 });
  });

  const statuses = [100, 201, 204, 301, 400, 401, 404, 408, 413, 422, 425, 500, 501, 502, 504, 599];
  it.each(statuses)('is never repeated when the predictor answered %i', async (status) => {
    const { calls, result } = await call([answer(status)]);
    expect(calls).toHaveLength(1);
    expect(result).toMatchObject({ status });
  });

  it.each([
    ['timed out', new AdapterError('DEADLINE_EXCEEDED', 'm')],
    ['lost its connection', new AdapterError('PREDICTOR_FAILED', 'm')],
    ['brought an unusable answer', new AdapterError('PREDICTOR_ANSWER_UNUSABLE', 'm')],
  ])('is never repeated when it %s: the model may have run', async (_what, error) => {
    const { calls, result } = await call([error]);
    expect(calls).toHaveLength(1);
    expect(result).toBe(error);
  });

  it.each([
    ['answered 500', answer(500)],
    ['answered 408', answer(408)],
    ['timed out', new AdapterError('DEADLINE_EXCEEDED', 'm')],
    ['lost its connection', new AdapterError('PREDICTOR_FAILED', 'm')],
  ])('is repeated when it %s, where the model may run twice', async (_what, failed) => {
    const { calls, result } = await call([failed, answer(200)], 10_000, 3_000, true);
    expect(calls).toHaveLength(2);
    expect(result).toMatchObject({ status: 200 });
  });

  it.each([
    ['answered 501', answer(501)],
    ['answered 400', answer(400)],
    ['met a bug of ours', new TypeError('oops')],
  ])('is not repeated when it %s, wherever the model may run twice', async (_what, failed) => {
    const { calls } = await call([failed, answer(200)], 10_000, 3_000, true);
    expect(calls).toHaveLength(1);
  });

  it('tells a bug as INTERNAL and does not repeat it', async () => {
    const { calls, result } = await call([new TypeError('oops')]);
    expect(calls).toHaveLength(1);
    expect(result).toMatchObject({ code: 'INTERNAL' });
  });

  it('waits as long as Retry-After says', async () => {
    const { calls } = await call([answer(503, 4_000), answer(200)]);
    expect(calls.map(({ at }) => at)).toEqual([0, 4_000]);
  });

  it('waits longer from attempt to attempt where there is none', async () => {
    const { calls } = await call([answer(503)]);
    const pauses = calls.slice(1).map(({ at }, index) => at - (calls[index]?.at ?? 0));
    expect(pauses).toEqual([37.5, 75, 150]);
  });

  it('gives up after four attempts and hands the last answer back', async () => {
    const { calls, result } = await call([answer(429)]);
    expect(calls).toHaveLength(4);
    expect(result).toMatchObject({ status: 429 });
  });

  it('does not wait for what would come after the deadline', async () => {
    const { calls, result, endedAt } = await call([answer(503, 20_000), answer(200)]);
    expect(calls).toHaveLength(1);
    expect(result).toMatchObject({ status: 503, retryAfterMs: 20_000 });
    expect(endedAt).toBe(0);
  });

  it('never makes an attempt after the deadline, nor lets one last beyond it', async () => {
    const { calls } = await call([refused], 100);
    for (const { at, call: made } of calls) {
      expect(at).toBeLessThan(100);
      expect(at + made.timeoutMs).toBeLessThanOrEqual(100);
    }
    expect(calls.length).toBeGreaterThan(1);
  });

  it('bounds each attempt by the timeout for one', async () => {
    const { calls } = await call([answer(200)], 10_000, 700);
    expect(calls[0]?.call.timeoutMs).toBe(700);
  });

  it('does not call at all when the deadline has passed', async () => {
    const { calls, result } = await call([answer(200)], 0);
    expect(calls).toHaveLength(0);
    expect(result).toMatchObject({ code: 'DEADLINE_EXCEEDED', status: 504, reached: false });
  });
});
