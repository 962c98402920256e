import { describe, expect, it } from 'vitest';
import { createRepeatedFault } from '../../../src/delivery/repeated-fault.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

function setUp() {
  const clock = createFakeClock();
  const told: { at: number; text: string; fields: object }[] = [];
  const tell = (fields: object, text: string): void =>
    void told.push({ at: clock.now(), text, fields });
  const log = { debug: tell, info: tell, warn: tell, error: tell };
  const options = { level: 'warn', message: 'it fails', over: 'it works again' } as const;
  const fault = createRepeatedFault(options, { now: clock.now, log });
  const failFor = async (ms: number, everyMs = 500): Promise<void> => {
    for (let passed = 0; passed < ms; passed += everyMs) {
      fault.failed(new Error('no broker'), { topic: 'in' });
      await clock.advance(everyMs);
    }
  };
  return { clock, told, fault, failFor };
}

describe('a fault that goes on', () => {
  it('is told at once, then after pauses that double up to a minute, with what failed since', async () => {
    const { told, failFor } = setUp();
    await failFor(200_000);
    expect(told.map(({ at }) => at / 1_000)).toEqual([0, 5, 15, 35, 75, 135, 195]);
    expect(told[0]?.fields).toEqual({ topic: 'in', reason: 'no broker', failures: 1, forMs: 0 });
    expect(told[2]?.fields).toMatchObject({ failures: 31, forMs: 15_000 });
  });

  it('is said to be over, once', async () => {
    const { told, fault, failFor } = setUp();
    await failFor(3_000);
    fault.succeeded();
    fault.succeeded();
    expect(told.map(({ text }) => text)).toEqual(['it fails', 'it works again']);
    expect(told[1]?.fields).toEqual({ failures: 6, forMs: 3_000 });
  });

  it('says nothing of tries that succeed', () => {
    const { told, fault } = setUp();
    fault.succeeded();
    expect([told, fault.state(), fault.lastingMs()]).toEqual([[], undefined, 0]);
  });

  it('that comes and goes all the time tells little, and begins anew after a rest', async () => {
    const { clock, told, fault } = setUp();
    for (let i = 0; i < 100; i += 1) {
      fault.failed('no broker');
      fault.succeeded();
      await clock.advance(200);
    }
    expect(told).toHaveLength(8);
    await clock.advance(60_000);
    fault.failed('no broker');
    expect(told.at(-1)?.fields).toMatchObject({ failures: 1, forMs: 0 });
  });

  it('tells its state: how long, how often and why', async () => {
    const { fault, failFor } = setUp();
    await failFor(500);
    expect(fault.state()).toBe('for 1 s, 1 try: no broker');
    await failFor(41_500);
    expect(fault.state()).toBe('for 42 s, 84 tries: no broker');
    expect(fault.lastingMs()).toBe(42_000);
    fault.succeeded();
    expect(fault.state()).toBeUndefined();
  });
});
