import { describe, expect, it } from 'vitest';
import { createHedge } from '../../../src/delivery/hedge.ts';
import type { PredictionAnswer, PredictionCall } from '../../../src/delivery/ports.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { bytes } from '../event/messages.ts';

/** What a call brings, and after how long, in ms. */
type Plan = readonly [afterMs: number, status: number | Error];

const answer = (status: number, nth: number): PredictionAnswer => ({
  status,
  contentType: undefined,
  contentEncoding: undefined,
  puid: String(nth),
  retryAfterMs: undefined,
  body: bytes('{}'),
});

function setUp(plans: readonly Plan[]) {
  const clock = createFakeClock();
  const calls: { at: number; timeoutMs: number }[] = [];
  let hedges = 0;
  const call = createHedge(
    { afterMs: 100 },
    {
      schedule: clock.schedule,
      hedged: () => {
        hedges += 1;
      },
      call: async ({ timeoutMs }: PredictionCall) => {
        calls.push({ at: clock.now(), timeoutMs });
        const nth = calls.length;
        const [afterMs, status] = plans[Math.min(nth, plans.length) - 1] ?? [0, 200];
        await clock.sleep(afterMs);
        if (status instanceof Error) throw status;
        return answer(status, nth);
      },
    },
  );
  const ends: { at: number; end: string }[] = [];
  const run = (timeoutMs = 1_000): void => {
    call({ path: '/predict', headers: [], body: bytes('[1]'), timeoutMs }).then(
      ({ status, puid }) => ends.push({ at: clock.now(), end: `${status} of call ${puid}` }),
      (error: Error) => ends.push({ at: clock.now(), end: error.message }),
    );
  };
  return { clock, calls, ends, run, hedges: () => hedges };
}

describe('a call that may be made twice at once', () => {
  it('is made once where it is answered in time, whatever the answer', async () => {
    for (const status of [200, 500]) {
      const { clock, calls, ends, run } = setUp([[99, status]]);
      run();
      await clock.drain(10_000);
      expect(calls).toHaveLength(1);
      expect(ends).toEqual([{ at: 99, end: `${status} of call 1` }]);
      expect(clock.pending()).toBe(0);
    }
  });

  it.each<[string, readonly Plan[], number, string]>([
    [
      'the first success: the second call',
      [
        [500, 200],
        [50, 200],
      ],
      150,
      '200 of call 2',
    ],
    [
      'the first success: the first call',
      [
        [120, 200],
        [50, 200],
      ],
      120,
      '200 of call 1',
    ],
    [
      'the success, where the first call fails later',
      [
        [400, 500],
        [50, 200],
      ],
      150,
      '200 of call 2',
    ],
    [
      'the success, where the first call fails before',
      [
        [120, 500],
        [50, 200],
      ],
      150,
      '200 of call 2',
    ],
    [
      'the success of the first, where the second fails',
      [
        [300, 200],
        [50, 500],
      ],
      300,
      '200 of call 1',
    ],
    [
      'the end of the first call, where neither succeeds',
      [
        [300, 500],
        [50, new Error('lost')],
      ],
      300,
      '500 of call 1',
    ],
    [
      'its error likewise',
      [
        [120, new Error('lost')],
        [50, 503],
      ],
      150,
      'lost',
    ],
  ])(
    'after a while without an answer is made again, and brings %s',
    async (_what, plans, at, end) => {
      const { clock, calls, ends, run } = setUp(plans);
      run();
      await clock.drain(10_000);
      expect(calls).toEqual([
        { at: 0, timeoutMs: 1_000 },
        { at: 100, timeoutMs: 900 },
      ]);
      expect(ends).toEqual([{ at, end }]);
    },
  );

  it('is not made again where no time would be left', async () => {
    const { clock, calls, run } = setUp([[500, 200]]);
    run(100);
    await clock.drain(10_000);
    expect(calls).toHaveLength(1);
  });

  it('is made again for a tenth of all calls at most, beside the first few (H1)', async () => {
    const { clock, calls, run, hedges } = setUp([[500, 200]]);
    for (let i = 0; i < 1_000; i += 1) {
      run();
      await clock.advance(1);
    }
    await clock.drain(10_000);
    expect(hedges()).toBeGreaterThan(90);
    expect(hedges()).toBeLessThanOrEqual(110);
    expect(calls).toHaveLength(1_000 + hedges());
  });
});
