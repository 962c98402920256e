import { describe, expect, it } from 'vitest';
import { createAvailability } from '../../../src/delivery/availability.ts';
import { AdapterError, type ErrorCode } from '../../../src/errors.ts';

const options = {
  failingInputs: 3,
  probeBaseMs: 100,
  probeMaxMs: 800,
  failingProbeMaxMs: 400,
};
const unreached = new AdapterError('PREDICTOR_UNREACHABLE', 'refused', { reached: false });
const failed = new AdapterError('PREDICTOR_FAILED', '500');
const misconfigured = new AdapterError('PREDICTOR_MISCONFIGURED', '404');

/** A judge over a clock set by hand, with the longest backoff, and what it told. */
function setUp() {
  const world = { now: 0, ready: true };
  const changes: (ErrorCode | 'serving')[] = [];
  const judge = createAvailability(options, {
    now: () => world.now,
    random: () => 1,
    predictorReady: () => world.ready,
    changed: (error) => changes.push(error?.code ?? 'serving'),
  });
  return { world, changes, judge };
}
/** In the state `down`, with the first probe due at 100. */
function setUpDown(error = unreached) {
  const all = setUp();
  all.judge.failed('serving', error, 'x');
  return all;
}

describe('while serving', () => {
  it('everybody may call', () => {
    const { judge } = setUp();
    for (let call = 0; call < 10; call += 1) expect(judge.permit()).toBe('serving');
    expect(judge.probeInMs()).toBeUndefined();
  });

  it('nobody may call while the predictor calls itself not ready', () => {
    const { judge, world } = setUp();
    world.ready = false;
    expect(judge.permit()).toBeUndefined();
    world.ready = true;
    expect(judge.permit()).toBe('serving');
  });

  it.each([
    [failed, true, 'serving'],
    [new AdapterError('DEADLINE_EXCEEDED', 'm'), true, 'serving'],
    [new AdapterError('PREDICTOR_BUSY', 'm'), true, 'serving'],
    [new AdapterError('PREDICTOR_ANSWER_UNUSABLE', 'm'), true, 'serving'],
    [new AdapterError('INTERNAL', 'm'), true, 'serving'],
    [unreached, false, undefined],
    [new AdapterError('PREDICTOR_FAILED', 'm', { reached: false }), false, undefined],
    [misconfigured, false, undefined],
  ])('after one $code the attempt counts: %s, and others may go on: %s', (error, counts, next) => {
    const { judge } = setUp();
    expect(judge.failed('serving', error, 'a')).toBe(counts);
    expect(judge.permit()).toBe(next);
  });

  it('the same input failing again and again does not make it down', () => {
    const { judge, changes } = setUp();
    for (let attempt = 0; attempt < 20; attempt += 1) {
      expect(judge.failed('serving', failed, 'poison')).toBe(true);
    }
    expect(judge.permit()).toBe('serving');
    expect(changes).toEqual([]);
  });

  it('different inputs failing in a row do, and the last one does not count', () => {
    const { judge, changes } = setUp();
    const counted = ['a', 'b', 'c'].map((input) => judge.failed('serving', failed, input));
    expect(counted).toEqual([true, true, false]);
    expect(judge.permit()).toBeUndefined();
    expect(changes).toEqual(['PREDICTOR_FAILED']);
  });

  it('one answer in between starts the count anew', () => {
    const { judge } = setUp();
    for (let round = 0; round < 5; round += 1) {
      judge.failed('serving', failed, 'a');
      judge.failed('serving', failed, 'b');
      judge.answered();
    }
    expect(judge.permit()).toBe('serving');
  });
});

describe('while down', () => {
  it('what was under way with the first failure does not count, nor postpone the probe (A1)', () => {
    const { judge, changes } = setUpDown();
    expect(judge.failed('serving', unreached, 'b')).toBe(false);
    expect(judge.failed('serving', failed, 'c')).toBe(false);
    expect(judge.probeInMs()).toBe(100);
    expect(changes).toEqual(['PREDICTOR_UNREACHABLE']);
  });

  it('one probe at a time, when it is due', () => {
    const { judge, world } = setUpDown();
    world.now = 99;
    expect([judge.probeInMs(), judge.permit()]).toEqual([1, undefined]);
    world.now = 100;
    expect([judge.permit(), judge.permit(), judge.permit()]).toEqual([
      'probe',
      undefined,
      undefined,
    ]);
  });

  it('time alone brings no probe during a probe, or while the predictor is not ready', () => {
    const { judge, world } = setUpDown();
    world.now = 200;
    expect(judge.probeInMs()).toBe(0);
    world.ready = false;
    expect([judge.permit(), judge.probeInMs()]).toEqual([undefined, undefined]);
    world.ready = true;
    expect(judge.permit()).toBe('probe');
    expect(judge.probeInMs()).toBeUndefined();
  });

  it('a probe that is answered opens the way for everybody, and is told once', () => {
    const { judge, world, changes } = setUpDown();
    world.now = 100;
    judge.permit();
    judge.answered();
    judge.answered();
    expect([judge.permit(), judge.permit()]).toEqual(['serving', 'serving']);
    expect(changes).toEqual(['PREDICTOR_UNREACHABLE', 'serving']);
  });

  it('a probe that came to nothing leaves its place to the next', () => {
    const { judge, world } = setUpDown();
    world.now = 100;
    judge.permit();
    judge.abandoned('probe');
    expect(judge.permit()).toBe('probe');
  });

  it('what was granted while serving and came to nothing opens no second probe', () => {
    const { judge, world } = setUpDown();
    world.now = 100;
    judge.permit();
    judge.abandoned('serving');
    expect(judge.permit()).toBeUndefined();
  });

  it.each([
    ['do not arrive', unreached, [100, 200, 400, 800, 800]],
    ['meet a wrong deployment', misconfigured, [100, 200, 400, 800, 800]],
    ['arrive and fail', failed, [100, 200, 400, 400, 400]],
  ])('probes that %s are made further and further apart', (_what, error, delays) => {
    const { judge, world } = setUpDown();
    const found: (number | undefined)[] = [];
    for (const _ of delays) {
      found.push(judge.probeInMs());
      world.now += judge.probeInMs() ?? 0;
      expect(judge.permit()).toBe('probe');
      judge.failed('probe', error, 'a');
    }
    expect(found).toEqual(delays);
  });

  it.each([
    ['arrived and failed, the predictor calling itself ready', failed, true, true],
    ['arrived and failed, the predictor not ready any more', failed, false, false],
    ['never arrived', unreached, true, false],
    ['met a wrong deployment', misconfigured, true, false],
  ])('a probe that %s counts accordingly (A2)', (_what, error, ready, counts) => {
    const { judge, world } = setUpDown();
    world.now = 100;
    judge.permit();
    world.ready = ready;
    expect(judge.failed('probe', error, 'a')).toBe(counts);
  });

  it('an outage is told once, however many probes fail', () => {
    const { judge, world, changes } = setUpDown();
    for (let probe = 0; probe < 5; probe += 1) {
      world.now += 1_000;
      judge.permit();
      judge.failed('probe', unreached, 'a');
    }
    expect(changes).toEqual(['PREDICTOR_UNREACHABLE']);
  });

  it('recovers, and can go down again with the shortest delay', () => {
    const { judge, world } = setUpDown();
    world.now = 100;
    judge.permit();
    judge.failed('probe', unreached, 'a');
    judge.answered();
    judge.failed('serving', unreached, 'b');
    expect(judge.probeInMs()).toBe(100);
  });
});

describe('whether it serves', () => {
  it('is what the health route says and what calls have shown', () => {
    const { judge, world } = setUp();
    expect(judge.serving()).toBe(true);
    world.ready = false;
    expect(judge.serving()).toBe(false);
    world.ready = true;
    judge.failed('serving', misconfigured, 'a');
    expect(judge.serving()).toBe(false);
    judge.answered();
    expect(judge.serving()).toBe(true);
  });

  it('is forgotten where others had the records meanwhile', () => {
    const { judge } = setUpDown();
    expect([judge.serving(), judge.permit()]).toEqual([false, undefined]);
    judge.reset();
    expect([judge.serving(), judge.permit()]).toEqual([true, 'serving']);
  });
});
