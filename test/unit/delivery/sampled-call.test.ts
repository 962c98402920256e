import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../src/delivery/adaptive-limit.ts';
import { createLimiter } from '../../../src/delivery/limiter.ts';
import type { PredictionAnswer } from '../../../src/delivery/ports.ts';
import { createSampledCall } from '../../../src/delivery/sampled-call.ts';
import { AdapterError } from '../../../src/errors.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const request = { path: '/', headers: [], body: new Uint8Array(), deadline: 1_000 };

/** One call that takes 70 ms and ends so; what it told the limit. */
async function told(end: number | AdapterError): Promise<Sample[]> {
  const clock = createFakeClock();
  const samples: Sample[] = [];
  const limiter = createLimiter({ maxConcurrent: 8, maxWaiting: 0 }, clock);
  const call = createSampledCall({
    call: async () => {
      await clock.sleep(70);
      if (end instanceof AdapterError) throw end;
      return { status: end } as PredictionAnswer;
    },
    adaptive: {
      sample: (sample) => samples.push(sample) > 0,
      limit: () => 3,
      callMs: () => 70,
    },
    limiter,
    now: clock.now,
  });
  void limiter.acquire(1_000);
  void limiter.guests.enter();
  const ended = call(request).then(
    ({ status }) => status,
    (error) => error,
  );
  await clock.advance(100);
  expect(await ended).toBe(end);
  expect(limiter.places).toBe(samples.length > 0 ? 3 : 8);
  return samples;
}

describe('a sampled call', () => {
  it('that was answered tells how long it took, and how many were under way for HTTP and Kafka', async () => {
    const sample = { startedAt: 0, endedAt: 70, inFlight: 2, dropped: false };
    expect(await told(200)).toEqual([sample]);
  });

  it('that was turned away or had no answer in time was dropped', async () => {
    const timeout = new AdapterError('DEADLINE_EXCEEDED', 'no answer');
    for (const end of [429, 503, timeout]) {
      expect(await told(end)).toMatchObject([{ dropped: true }]);
    }
  });

  it('that was refused, failed or never arrived tells nothing: an open breaker is no fast predictor', async () => {
    const open = new AdapterError('PREDICTOR_UNREACHABLE', 'not called for now', {
      reached: false,
    });
    const late = new AdapterError('DEADLINE_EXCEEDED', 'never called', { reached: false });
    for (const end of [400, 404, 500, open, late]) expect(await told(end)).toEqual([]);
  });
});
