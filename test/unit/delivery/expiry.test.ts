import { describe, expect, it } from 'vitest';
import type { Input } from '../../../src/delivery/dispatch.ts';
import { heedExpiry } from '../../../src/delivery/expiry.ts';
import type { Outcome } from '../../../src/delivery/outcome.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { eventInput, failedWith, replied } from './inputs.ts';

const wallTime = Date.parse('2026-06-01T12:00:00Z');

/** Work that ends `tookMs` after it began, or at its deadline. */
function setUp(tookMs: number, outcome: Outcome) {
  const clock = createFakeClock();
  const given: Input[] = [];
  const work = heedExpiry(
    async (input) => {
      given.push(input);
      const leftMs = input.deadline - clock.now();
      await clock.sleep(Math.min(tookMs, leftMs));
      return tookMs < leftMs ? outcome : failedWith('DEADLINE_EXCEEDED');
    },
    { now: clock.now, wallClock: () => wallTime + clock.now() },
  );
  const run = async (input: Input): Promise<Outcome> => {
    const ended = work(input);
    await clock.drain(60_000);
    return ended;
  };
  return { clock, given, run };
}

const expiring = (expirytime: string | number): Input => eventInput({ attributes: { expirytime } });

describe('an event with expirytime', () => {
  it.each([
    ['2026-06-01T11:59:59Z', 'skipped'],
    ['2026-06-01T12:00:00Z', 'skipped'],
    ['2026-06-01T12:00:01Z', 'replied'],
    ['2026-06-01T13:00:00+02:00', 'skipped'],
    ['tomorrow', 'replied'],
    ['2', 'replied'],
    ['', 'replied'],
    [5, 'replied'],
  ])('%s is %s at noon', async (expirytime, kind) => {
    const { run, given } = setUp(1, replied('r'));
    const outcome = await run(expiring(expirytime));
    expect(outcome.kind).toBe(kind);
    if (kind === 'skipped') expect(outcome).toMatchObject({ reason: 'expired' });
    expect(given).toHaveLength(kind === 'skipped' ? 0 : 1);
  });

  it('is given up and skipped when it expires before its work has ended', async () => {
    const { run, clock } = setUp(10_000, replied('r'));
    const outcome = await run(expiring('2026-06-01T12:00:03Z'));
    expect(outcome).toEqual({ kind: 'skipped', reason: 'expired' });
    expect(clock.now()).toBe(3_000);
  });

  it('is skipped when its work fails as it expires, whatever failed', async () => {
    const { run } = setUp(2_999, failedWith('PREDICTOR_FAILED'));
    expect(await run(expiring('2026-06-01T12:00:03Z'))).toMatchObject({ reason: 'expired' });
  });

  it('fails when its work fails before that', async () => {
    const { run } = setUp(1_000, failedWith('PREDICTOR_FAILED'));
    expect(await run(expiring('2026-06-01T12:00:03Z'))).toMatchObject({
      error: { code: 'PREDICTOR_FAILED' },
    });
  });

  it('keeps the deadline of its request where that comes first', async () => {
    const { run, given } = setUp(60_000, replied('r'));
    const outcome = await run(expiring('2026-06-01T12:00:40Z'));
    expect(outcome).toMatchObject({ error: { code: 'DEADLINE_EXCEEDED' } });
    expect(given[0]?.deadline).toBe(30_000);
  });
});

it('an input that does not expire is handed on as it is', async () => {
  const { run, given } = setUp(1, replied('r'));
  const input = eventInput();
  await run(input);
  expect(given[0]).toBe(input);
});
