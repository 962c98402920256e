import { describe, expect, test } from 'vitest';
import { createMessages } from '../../../src/produce/message.ts';
import { startRun } from '../../../src/produce/run.ts';
import type { Sent, Sink } from '../../../src/produce/sink.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

interface Options {
  perSecond?: number;
  count?: number;
  maxInFlight?: number;
  /** Undefined: it does not answer until told. */
  answerMs?: number | undefined;
  ready?: Promise<void>;
}

/** A run against a sink in memory, which is told when to answer. */
function rig({ perSecond = 10, count, maxInFlight = 4, answerMs, ready }: Options) {
  const clock = createFakeClock();
  const lines: string[] = [];
  const waiting: ((sent: Sent) => void)[] = [];
  const state = { given: 0, closed: false, exit: undefined as boolean | undefined };
  const sink: Sink = {
    maxInFlight,
    ready: () => ready ?? Promise.resolve(),
    send: ({ label }) => {
      state.given += 1;
      if (answerMs === undefined) return new Promise((resolve) => waiting.push(resolve));
      return clock.sleep(answerMs).then(() => ({ ok: true, line: `sent ${label}` }));
    },
    close: async () => {
      state.closed = true;
    },
  };
  const nextMessage = createMessages(
    { form: 'raw', payload: Buffer.of(), key: undefined, type: '', source: '' },
    { newId: () => '', wallClock: () => 0 },
  );
  const run = startRun(
    { perSecond, count },
    { sink, nextMessage, now: clock.now, schedule: clock.schedule, print: (l) => lines.push(l) },
  );
  run.done.then((ok) => {
    state.exit = ok;
  });
  const answer = (sent: Sent) => waiting.shift()?.(sent);
  return { clock, lines, state, run, answer, waiting };
}

const good: Sent = { ok: true, line: 'good' };
const bad: Sent = { ok: false, line: 'bad' };

describe('a run', () => {
  test('sends at its rate, and at another from the moment it is told', async () => {
    const { clock, state, run, lines } = rig({ answerMs: 1 });
    await clock.advance(10_000);
    expect(state.given).toBe(101);
    run.setRate(1);
    await clock.advance(10_000);
    expect(state.given).toBe(111);
    run.setRate(0);
    await clock.advance(600_000);
    expect(state.given).toBe(111);
    run.setRate(10);
    await clock.advance(1_000);
    expect(state.given).toBe(121);
    expect(lines.filter((line) => line.startsWith('Rate'))).toEqual([
      'Rate: 10 per second.',
      'Rate: 1 per second.',
      'Rate: paused.',
      'Rate: 10 per second.',
    ]);
  });

  test('ends when its count is reached and all is answered, well', async () => {
    const { clock, state, lines, answer } = rig({ count: 3, perSecond: 1_000 });
    await clock.advance(100);
    expect(state.given).toBe(3);
    answer(good);
    answer(good);
    await clock.advance(1_000);
    expect(state.exit).toBeUndefined();
    answer(good);
    await clock.advance(1);
    expect(state).toEqual({ given: 3, closed: true, exit: true });
    expect(lines.at(-1)).toBe('Sent 3, failed 0, in 1.1 s (2.7 per second).');
  });

  test('that failed once does not end well', async () => {
    const { clock, state, answer } = rig({ count: 2, perSecond: 1_000 });
    await clock.advance(100);
    answer(bad);
    answer(good);
    await clock.advance(1);
    expect(state.exit).toBe(false);
  });

  test('never has more in flight than the sink takes, and tells how far it is behind', async () => {
    const { clock, state, lines, answer, run } = rig({ perSecond: 100 });
    await clock.advance(60_000);
    expect(state.given).toBe(4);
    expect(lines.filter((line) => line.startsWith('The sink is slow'))).toHaveLength(12);
    expect(lines.at(-1)).toMatch(
      /4 are not answered yet, sending is 5\d\d\d behind the rate of 100/,
    );
    answer(good);
    await clock.advance(1);
    expect(state.given).toBe(5);
    expect(clock.fired()).toBeLessThan(100);
    void run.stop();
    await clock.advance(20_000);
    expect(lines.at(-1)).toMatch(
      /^Sent 1, failed 0, 4 given up without an answer, \d+ behind the rate/,
    );
    expect(state.exit).toBe(false);
  });

  test('a count that is larger than what may be in flight is reached exactly', async () => {
    const { clock, state, run } = rig({ perSecond: 10_000, count: 1_001, answerMs: 7 });
    await clock.advance(10_000);
    await run.done;
    expect(state).toEqual({ given: 1_001, closed: true, exit: true });
  });

  test('that is stopped sends no more, and waits for what is in flight', async () => {
    const { clock, state, run, answer, waiting } = rig({ perSecond: 10 });
    await clock.advance(100);
    void run.stop();
    await clock.advance(5_000);
    run.setRate(100);
    await clock.advance(1_000);
    expect(state).toMatchObject({ given: 2, closed: false });
    while (waiting.length > 0) answer(good);
    await clock.advance(1);
    await run.stop();
    expect(state).toEqual({ given: 2, closed: true, exit: true });
  });

  test('can be stopped while it waits for its sink', async () => {
    const { clock, state, run } = rig({ ready: new Promise(() => undefined) });
    await clock.advance(1_000);
    await run.stop();
    expect(state).toEqual({ given: 0, closed: true, exit: true });
  });

  test('whose sink cannot be made ready says why, and does not end well', async () => {
    const { clock, state, lines } = rig({ ready: Promise.reject(new Error('no')) });
    await clock.advance(1);
    expect(lines[0]).toMatch(/cannot be sent to: Error: no/);
    expect(state).toEqual({ given: 0, closed: true, exit: false });
  });
});
