import { describe, expect, it } from 'vitest';
import { createRefusals } from '../../../../src/kafka/security/refusals.ts';

function begin() {
  const state = { nowMs: 0, fingerprint: 'first' };
  const told: { attempt: number; retryInMs: number }[] = [];
  const ignore = (): void => undefined;
  const refusals = createRefusals({
    fingerprint: () => state.fingerprint,
    shown: () => ({ user: 'alice' }),
    now: () => state.nowMs,
    random: () => 1,
    log: {
      debug: ignore,
      info: ignore,
      warn: ignore,
      error: (fields) => void told.push(fields as (typeof told)[number]),
    },
  });
  return { state, told, refusals };
}

describe('a broker that refused us', () => {
  it('is left alone, each time for twice as long, up to half a minute', () => {
    const { state, told, refusals } = begin();
    for (let i = 0; i < 7; i += 1) {
      refusals.refused('a:1', 'no');
      expect(refusals.standing('a:1')).toBe('no');
      state.nowMs += told.at(-1)?.retryInMs ?? 0;
      expect(refusals.standing('a:1')).toBeUndefined();
    }
    expect(told.map(({ retryInMs }) => retryInMs)).toEqual([
      2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
    ]);
  });

  it('is asked at once with other credentials, and its count begins anew', () => {
    const { state, told, refusals } = begin();
    refusals.refused('a:1', 'no');
    refusals.refused('a:1', 'no');
    state.fingerprint = 'second';
    expect(refusals.standing('a:1')).toBeUndefined();
    refusals.refused('a:1', 'no');
    expect(told.map(({ attempt }) => attempt)).toEqual([1, 2, 1]);
  });

  it('says nothing about the others, and is forgiven when it takes us', () => {
    const { refusals } = begin();
    refusals.refused('a:1', 'no');
    expect(refusals.standing('b:1')).toBeUndefined();
    refusals.taken('a:1');
    expect(refusals.standing('a:1')).toBeUndefined();
  });
});
