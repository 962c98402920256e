import { describe, expect, test } from 'vitest';
import { createBreaker } from '../../../src/delivery/breaker.ts';
import type { PredictionAnswer } from '../../../src/delivery/ports.ts';
import { AdapterError } from '../../../src/errors.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const answered = (status: number): PredictionAnswer => ({
  status,
  contentType: undefined,
  contentEncoding: undefined,
  puid: undefined,
  retryAfterMs: undefined,
  body: new Uint8Array(1),
});
const unreachable = new AdapterError('PREDICTOR_UNREACHABLE', 'refused', { reached: false });
const lost = new AdapterError('PREDICTOR_FAILED', 'lost');
const late = new AdapterError('DEADLINE_EXCEEDED', 'too late', { reached: false });

function breakerOf() {
  const clock = createFakeClock();
  const told: string[] = [];
  let calls = 0;
  const node = { next: answered(200) as PredictionAnswer | AdapterError };
  const note = (_fields: object, message: string) => told.push(message);
  const call = createBreaker('node "m" (h:1)', {
    call: async () => {
      calls += 1;
      if (node.next instanceof AdapterError) throw node.next;
      return node.next;
    },
    now: clock.now,
    random: () => 1,
    log: { debug: note, info: note, warn: note, error: note },
  });
  const made = { path: '/predict', headers: [], body: new Uint8Array(1), deadline: 1_000 };
  const run = async (times = 1) => {
    for (let i = 0; i < times; i += 1) await call(made).catch(() => undefined);
  };
  return { clock, node, told, call: () => call(made), run, calls: () => calls };
}

describe('the breaker of a node', () => {
  test('opens when the node cannot be reached: requests are told at once, with the reason', async () => {
    const { node, run, call, calls, told } = breakerOf();
    node.next = unreachable;
    await run();
    await expect(call()).rejects.toMatchObject({
      code: 'PREDICTOR_UNREACHABLE',
      reached: false,
      retryAfterMs: 250,
      message: expect.stringMatching(
        /^node "m" \(h:1\) is not called for now.*\(refused\).*250 ms$/,
      ),
    });
    expect(calls()).toBe(1);
    expect(told).toEqual(['the node is not called for a while']);
  });

  test('lets one request at a time find out, and closes when it was answered', async () => {
    const { clock, node, run, call, calls, told } = breakerOf();
    node.next = unreachable;
    await run();
    await clock.advance(250);
    node.next = answered(200);
    const [probe, other] = await Promise.allSettled([call(), call()]);
    expect([probe.status, other.status]).toEqual(['fulfilled', 'rejected']);
    await run(3);
    expect(calls()).toBe(5);
    expect(told.at(-1)).toBe('the node serves again');
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

  test.each([
    ['lost connections', lost],
    ['failures', answered(500)],
    ['refusals to work', answered(503)],
  ])('opens after five %s in a row, and not for fewer', async (_, failure) => {
    const { node, run, calls } = breakerOf();
    node.next = failure;
    await run(4);
    node.next = answered(200);
    await run();
    node.next = failure;
    await run(10);
    expect(calls()).toBe(10);
  });

  test.each([400, 401, 404, 422, 200])(
    'stays closed however often the node answers %i',
    async (status) => {
      const { node, run, calls } = breakerOf();
      node.next = answered(status);
      await run(20);
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
});
