import { describe, expect, it } from 'vitest';
import {
  createSinkDelivery,
  type SinkAnswer,
  type SinkDeliveryOptions,
} from '../../../src/delivery/sink-delivery.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const message = {
  event: {
    ...{ specversion: '1.0' as const, id: 'r', source: '/s', type: 't' },
    ...{ datacontenttype: undefined, attributes: new Map(), data: undefined },
  },
  puid: 'p',
  protoName: undefined,
} as const;

const answered = (status: number, retryAfterMs?: number): SinkAnswer => ({
  kind: 'answered',
  status,
  retryAfterMs,
});
const reset: SinkAnswer = { kind: 'unreached', reason: 'ECONNRESET' };

/** A sink that answers so, one answer after another; the last one again and again. */
function open(answers: readonly SinkAnswer[], more: Partial<SinkDeliveryOptions> = {}) {
  const clock = createFakeClock();
  const at: number[] = [];
  const timeouts: number[] = [];
  const delivery = createSinkDelivery(
    {
      ...{ sink: 'http://sink/', retry: 4, backoffPolicy: 'exponential', backoffDelayMs: 100 },
      timeoutMs: 1_000,
      ...more,
    },
    {
      send: async (_message, timeoutMs) => {
        at.push(clock.now());
        timeouts.push(timeoutMs);
        return answers[Math.min(at.length, answers.length) - 1] ?? reset;
      },
      now: clock.now,
      schedule: clock.schedule,
    },
  );
  /** What became of a delivery within its time. */
  const run = async (deadline: number, ms = 1_000_000) => {
    let end = 'pending';
    delivery.deliver(message, deadline).then(
      () => (end = 'taken'),
      (error) => (end = `${error.code} ${error.status}: ${error.message}`),
    );
    await clock.advance(ms);
    return end;
  };
  return { ...delivery, run, at, timeouts, clock };
}

describe('a delivery', () => {
  it.each([200, 201, 202, 204, 299])('is done when the sink answers %i', async (status) => {
    const { run, at } = open([answered(status)]);
    expect(await run(Infinity)).toBe('taken');
    expect(at).toEqual([0]);
  });

  it.each([404, 408, 409, 429, 500, 502, 503, 504, 599])('is tried again after %i', async (s) => {
    const { run, at } = open([answered(s), answered(202)]);
    expect(await run(Infinity)).toBe('taken');
    expect(at).toEqual([0, 200]);
  });

  it.each([300, 301, 302, 307, 308, 400, 401, 403, 405, 410, 413, 415, 422])(
    'is not tried again after %i, which is the word of the sink',
    async (status) => {
      const { run, at } = open([answered(status)]);
      expect(await run(Infinity)).toContain(
        `SINK_FAILED 502: the sink http://sink/ answered ${status}`,
      );
      expect(at).toEqual([0]);
    },
  );

  it('waits delay·2ⁿ before the n-th retry where the backoff is exponential', async () => {
    const { run, at } = open([reset]);
    expect(await run(Infinity)).toMatch(/^SINK_UNREACHABLE 502: .*ECONNRESET.* after 5 attempts/);
    expect(at).toEqual([0, 200, 600, 1_400, 3_000]);
  });

  it('waits delay·n where it is linear', async () => {
    const { run, at } = open([reset], { backoffPolicy: 'linear' });
    await run(Infinity);
    expect(at).toEqual([0, 100, 300, 600, 1_000]);
  });

  it('waits ten minutes at most', async () => {
    const { run, at } = open([reset], { retry: 100, backoffDelayMs: 500_000 });
    await run(Infinity, 1_800_000);
    expect(at).toEqual([0, 600_000, 1_200_000, 1_800_000]);
  });

  it('heeds Retry-After of 429 and 503 where it is longer, and of no other', async () => {
    const answers = [answered(429, 5_000), answered(503, 1), answered(500, 9_000), answered(202)];
    const { run, at } = open(answers);
    expect(await run(Infinity)).toBe('taken');
    expect(at).toEqual([0, 5_000, 5_400, 6_200]);
  });

  it('does not wait for an attempt that could begin only after the deadline', async () => {
    const { run, at, clock } = open([answered(503, 60_000)]);
    expect(await run(2_000, 0)).toMatch(/^SINK_FAILED 502: .* answered 503 .*after 1 attempt/);
    expect(at).toEqual([0]);
    expect(clock.pending()).toBe(0);
  });

  it('gives an attempt no more time than the deadline leaves', async () => {
    const { run, timeouts } = open([answered(500), answered(202)]);
    expect(await run(700)).toBe('taken');
    expect(timeouts).toEqual([700, 500]);
  });

  it('that got no answer in time is a 504, as is one that there was no time for', async () => {
    expect(await open([{ kind: 'silent' }], { retry: 0 }).run(Infinity)).toMatch(
      /^DEADLINE_EXC.* 504/,
    );
    const late = open([answered(202)]);
    expect(await late.run(0)).toMatch(/^DEADLINE_EXCEEDED 504: .*before the reply event could be/);
    expect(late.at).toEqual([]);
  });

  it('ends at once when everything ends', async () => {
    const { run, close, at, clock } = open([reset]);
    expect(await run(Infinity, 300)).toBe('pending');
    close();
    await clock.advance(0);
    expect(clock.pending()).toBe(0);
    expect(await run(Infinity, 0)).toMatch(/^SINK_UNREACHABLE/);
    expect(at).toEqual([0, 200, 300]);
  });
});
