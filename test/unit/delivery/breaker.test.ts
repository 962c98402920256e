import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBreaker } from '../../../src/delivery/breaker.ts';
import type { PredictionAnswer } from '../../../src/delivery/ports.ts';
import { AdapterError } from '../../../src/errors.ts';
import { createFakeClock, settle } from '../../support/fake-clock.ts';

const answered = (status: number, retryAfterMs?: number): PredictionAnswer => ({
  status,
  contentType: undefined,
  contentEncoding: undefined,
  puid: undefined,
  retryAfterMs,
  body: new Uint8Array(1),
});
const unreachable = new AdapterError('PREDICTOR_UNREACHABLE', 'refused', { reached: false });
const lost = new AdapterError('PREDICTOR_FAILED', 'lost');
const late = new AdapterError('DEADLINE_EXCEEDED', 'too late', { reached: false });
const timedOut = new AdapterError('DEADLINE_EXCEEDED', 'no answer');
const unusable = new AdapterError('PREDICTOR_ANSWER_UNUSABLE', 'too large');

type End = PredictionAnswer | AdapterError;

/** A breaker before a node that does what it is told, each call taking so long. */
function breakerOf() {
  const clock = createFakeClock();
  const told: string[] = [];
  let calls = 0;
  const node: { next: End; takesMs: number } = { next: answered(200), takesMs: 0 };
  const note = (_fields: object, message: string) => told.push(message);
  const breaker = createBreaker(
    { what: 'node', where: 'node "m" (h:1)', attemptTimeoutMs: 30_000 },
    {
      call: async () => {
        calls += 1;
        const { next, takesMs } = node;
        if (takesMs > 0) await clock.sleep(takesMs);
        if (next instanceof AdapterError) throw next;
        return next;
      },
      now: clock.now,
      random: () => 1,
      log: { debug: note, info: note, warn: note, error: note },
    },
  );
  const made = { path: '/predict', headers: [], body: new Uint8Array(1), deadline: 1_000 };
  const call = () => breaker.call(made);
  const run = async (times = 1) => {
    for (let i = 0; i < times; i += 1) await call().catch(() => undefined);
  };
  /** Beginning now, without waiting for its end. */
  const begin = (end: End, takesMs: number) => {
    Object.assign(node, { next: end, takesMs });
    const ended = call().catch((error: AdapterError) => error);
    Object.assign(node, { takesMs: 0 });
    return ended;
  };
  /** Calls that fail, the last one so long after the first. */
  const fail = async (end: End, times: number, overMs = 1_000) => {
    node.next = end;
    await run(times - 1);
    await clock.advance(overMs);
    await run();
  };
  return { breaker, clock, node, told, call, run, begin, fail, calls: () => calls };
}

const closedAgain = 'the node is called again: its circuit breaker closed';

describe('a circuit breaker', () => {
  test('opens when the node cannot be reached: requests are told at once, with the reason', async () => {
    const { breaker, node, run, call, calls, told } = breakerOf();
    node.next = unreachable;
    await run();
    await expect(call()).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
      status: 503,
      reached: false,
      retryAfterMs: 250,
      message: expect.stringMatching(
        /^node "m" \(h:1\) is not called for now.*\(refused\).*250 ms$/,
      ),
    });
    expect(calls()).toBe(1);
    expect(told).toEqual(['the node is not called for a while: its circuit breaker opened']);
    expect([breaker.isOpen(), breaker.opened(), breaker.refused()]).toEqual([true, 1, 1]);
  });

  test('lets one request at a time find out, and closes when it was answered', async () => {
    const { breaker, clock, node, run, call, calls, told } = breakerOf();
    node.next = unreachable;
    await run();
    await clock.advance(250);
    node.next = answered(200);
    const [probe, other] = await Promise.allSettled([call(), call()]);
    expect([probe.status, other.status]).toEqual(['fulfilled', 'rejected']);
    await run(3);
    expect(calls()).toBe(5);
    expect(told.at(-1)).toBe(closedAgain);
    expect([breaker.isOpen(), breaker.opened(), breaker.refused()]).toEqual([false, 1, 1]);
  });

  test('waits longer after each probe that fails', async () => {
    const { clock, node, run, calls } = breakerOf();
    node.next = unreachable;
    await run();
    await clock.advance(250);
    await run(2);
    await clock.advance(499);
    await run();
    expect(calls()).toBe(2);
    await clock.advance(1);
    await run();
    expect(calls()).toBe(3);
  });

  test('waits at most 5 s, and as long as the node asks for, up to that', async () => {
    const { clock, call, run, fail, calls } = breakerOf();
    await fail(answered(503, 3_000), 5);
    await expect(call()).rejects.toMatchObject({ retryAfterMs: 3_000 });
    await clock.advance(2_999);
    await run();
    expect(calls()).toBe(5);
    for (let i = 0; i < 10; i += 1) {
      await clock.advance(5_000);
      await run();
    }
    expect(calls()).toBe(15);
  });

  test.each([
    ['lost connections', lost],
    ['calls without an answer', timedOut],
    ['refusals to work', answered(503)],
    ['refusals to take more', answered(429)],
    ['failures of what stands before it', answered(502)],
    ['its own time-outs', answered(504)],
  ])(
    'opens after five %s in a row within a second or more, and not for fewer',
    async (_, failure) => {
      const { node, clock, run, begin, fail, calls } = breakerOf();
      await fail(failure, 4);
      node.next = answered(200);
      await run();
      if (failure === timedOut) {
        for (let i = 0; i < 5; i += 1) void begin(failure, 1_000);
        await clock.advance(1_000);
        await run(5);
      } else {
        await fail(failure, 5);
        await run(5);
      }
      expect(calls()).toBe(10);
    },
  );

  test('stays closed for a burst of failures that is over within a second', async () => {
    const { node, run, calls } = breakerOf();
    node.next = answered(503);
    await run(100);
    expect(calls()).toBe(100);
  });

  test.each([400, 401, 404, 422, 200, 500, 501])(
    'stays closed however often the node answers %i',
    async (status) => {
      const { node, clock, run, calls } = breakerOf();
      node.next = answered(status);
      for (let i = 0; i < 20; i += 1) {
        await run();
        await clock.advance(500);
      }
      expect(calls()).toBe(20);
    },
  );

  test('stays closed, and open, for deadlines that had passed before the call', async () => {
    const { clock, node, run, calls } = breakerOf();
    node.next = late;
    await run(20);
    expect(calls()).toBe(20);
    node.next = unreachable;
    await run();
    await clock.advance(250);
    node.next = late;
    await run();
    node.next = answered(200);
    await run(2);
    expect(calls()).toBe(24);
  });

  test('stays closed for callers who give the node no time to answer', async () => {
    const { breaker, clock, begin } = breakerOf();
    for (let i = 0; i < 100; i += 1) {
      void begin(timedOut, 20);
      await clock.advance(50);
    }
    expect(breaker.opened()).toBe(0);
  });

  test('is closed by a late answer to a call from before it opened', async () => {
    const { breaker, clock, begin, run, node } = breakerOf();
    void begin(answered(200), 2_000);
    void begin(unreachable, 10);
    await clock.advance(100);
    expect(breaker.isOpen()).toBe(true);
    await clock.advance(1_900);
    expect(breaker.isOpen()).toBe(false);
    node.next = answered(200);
    await run();
    expect(breaker.refused()).toBe(0);
  });

  test('is closed by the word of a node that could not be reached, and not by one that failed', async () => {
    const { breaker, run, node, fail } = breakerOf();
    node.next = unreachable;
    await run();
    breaker.ready();
    expect(breaker.isOpen()).toBe(false);
    await fail(answered(503), 5);
    breaker.ready();
    expect(breaker.isOpen()).toBe(true);
  });

  test('lets another probe go when one hangs, and the first answer counts', async () => {
    const { breaker, clock, begin, run, node, calls } = breakerOf();
    node.next = unreachable;
    await run();
    await clock.advance(250);
    void begin(timedOut, 30_000);
    await clock.advance(4_999);
    node.next = answered(200);
    await run();
    expect(calls()).toBe(2);
    await clock.advance(1);
    await run();
    expect([calls(), breaker.isOpen()]).toEqual([3, false]);
    await clock.advance(60_000);
    expect(breaker.isOpen()).toBe(false);
  });

  test('passes on what the call answers and throws, as it is', async () => {
    const { node, call } = breakerOf();
    const answer = answered(500);
    node.next = answer;
    expect(await call()).toBe(answer);
    node.next = lost;
    await expect(call()).rejects.toBe(lost);
  });
});

/** One caller: a call every so often, all alike. */
interface Caller {
  readonly everyMs: number;
  readonly takesMs: number;
  readonly end: End;
}

/** Callers of one breaker for so long; they do not wait for their answers. */
async function runCallers(callers: readonly Caller[], forMs: number) {
  const rig = breakerOf();
  const ends = callers.map((): (End | undefined)[] => []);
  callers.forEach(({ everyMs, takesMs, end }, index) => {
    // Those who are answered go on until the others' last calls have ended.
    const untilMs = end instanceof AdapterError || end.status !== 200 ? forMs : forMs + 4_000;
    const next = (): void => {
      if (rig.clock.now() >= untilMs) return;
      void rig.begin(end, takesMs).then((result) => ends[index]?.push(result));
      rig.clock.schedule(everyMs, next);
    };
    next();
  });
  await rig.clock.drain(forMs + 120_000);
  await settle();
  return { ...rig, ends };
}

const refusals = (ends: readonly (End | undefined)[] = []): number =>
  ends.filter((end) => end instanceof AdapterError && end.code === 'CIRCUIT_OPEN').length;

describe('callers that share a circuit breaker', () => {
  const everyMs = fc.integer({ min: 5, max: 2_000 });
  const takesMs = fc.integer({ min: 1, max: 3_000 });

  test('cannot shut out each other by inputs that make the model answer 500, or anything else', async () => {
    const end = fc.constantFrom<End>(answered(500), answered(400), answered(422), unusable);
    const poison = fc.record({ everyMs, takesMs, end });
    const good = fc.record({ everyMs, takesMs, end: fc.constant<End>(answered(200)) });
    await fc.assert(
      fc.asyncProperty(fc.array(poison, { minLength: 1, maxLength: 3 }), good, async (bad, one) => {
        const { breaker } = await runCallers([...bad, one], 5_000);
        expect([breaker.opened(), breaker.refused()]).toEqual([0, 0]);
      }),
      { numRuns: 30 },
    );
  });

  test('cannot by inputs that make it hang or break connections, while others are answered each second', async () => {
    const end = fc.constantFrom<End>(timedOut, lost, answered(503));
    const poison = fc.record({ everyMs, takesMs, end });
    const good = fc.record({
      everyMs: fc.integer({ min: 5, max: 900 }),
      takesMs: fc.integer({ min: 1, max: 3_000 }),
      end: fc.constant<End>(answered(200)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(poison, { minLength: 1, maxLength: 3 }), good, async (bad, one) => {
        // The first answer must have been given before anything can count.
        const { breaker, ends } = await runCallers([{ ...one, takesMs: 1 }, ...bad], 5_000);
        expect([breaker.opened(), refusals(ends[0])]).toEqual([0, 0]);
      }),
      { numRuns: 30 },
    );
  });

  test('are all let in again by the first who is answered, where they are rarer than that', async () => {
    const crash = { everyMs: 100, takesMs: 1, end: lost };
    const rare = { everyMs: 7_300, takesMs: 20, end: answered(200) };
    const { ends, breaker } = await runCallers([crash, rare], 200_000);
    const served = ends[1]?.filter((end) => end !== undefined && 'body' in end).length ?? 0;
    expect(breaker.opened()).toBeGreaterThan(0);
    expect(served + refusals(ends[1])).toBe(ends[1]?.length);
    expect(served).toBeGreaterThan(0);
  });

  test.each([
    ['cannot be reached', unreachable, 1],
    ['breaks every connection', lost, 5],
    ['answers nothing', timedOut, 2_000],
    ['turns everything away', answered(503), 1],
  ])(
    'are answered at once while the node %s, and all served once it is back',
    async (_, end, takesMs) => {
      const { breaker, clock, node, begin } = breakerOf();
      const [goneAt, backAt, untilMs] = [2_000, 32_000, 45_000];
      const log: { beganAt: number; endedAt: number; refused: boolean }[] = [];
      let callsWhileGone = 0;
      const next = (): void => {
        const beganAt = clock.now();
        if (beganAt >= untilMs) return;
        const isGone = beganAt >= goneAt && beganAt < backAt;
        const before = breaker.refused();
        void begin(isGone ? end : answered(200), isGone ? takesMs : 5).then((result) => {
          const refused = result instanceof AdapterError && result.code === 'CIRCUIT_OPEN';
          log.push({ beganAt, endedAt: clock.now(), refused });
        });
        if (isGone && beganAt > goneAt + 3_500 && breaker.refused() === before) callsWhileGone += 1;
        clock.schedule(20, next);
      };
      next();
      await clock.drain(untilMs + 60_000);
      await settle();
      expect(log).toHaveLength(untilMs / 20);
      const during = log.filter(({ beganAt }) => beganAt > goneAt + 3_500 && beganAt < backAt);
      // All but the probes, and these are few.
      expect(callsWhileGone).toBeLessThan(15);
      for (const { beganAt, endedAt, refused } of during)
        if (refused) expect(endedAt).toBe(beganAt);
      expect(during.filter(({ refused }) => refused).length).toBe(during.length - callsWhileGone);
      const after = log.filter(({ beganAt }) => beganAt >= backAt + 5_100);
      expect(after.some(({ refused }) => refused)).toBe(false);
      expect(breaker.opened()).toBe(1);
      expect(node.next).toBeDefined();
    },
  );
});
