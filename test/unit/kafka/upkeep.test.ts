import { describe, expect, it } from 'vitest';
import { createUpkeep } from '../../../src/kafka/upkeep.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

/** An upkeep of a member for whom five records wait, and what can be changed about it. */
function setUp() {
  const clock = createFakeClock();
  const state = { member: true, reachable: true, excused: false, lag: 5, repairs: 0 };
  const said: string[] = [];
  const ask = async (): Promise<number> => {
    if (!state.reachable) throw new Error('no broker');
    return state.lag;
  };
  const quiet = () => undefined;
  const upkeep = createUpkeep(
    { stuckAfterMs: 60_000 },
    {
      isMember: () => state.member,
      repair: () => {
        state.repairs += 1;
        return ask();
      },
      ask,
      excused: () => state.excused,
      now: clock.now,
      schedule: clock.schedule,
      log: { debug: quiet, info: quiet, warn: quiet, error: (_f, text) => said.push(text) },
    },
  );
  const given: string[] = [];
  const begin = (): void => void upkeep.membership().then(({ message }) => given.push(message));
  begin();
  upkeep.start();
  return { clock, state, said, upkeep, given, begin };
}

describe('upkeep', () => {
  it('repairs offsets every ten seconds while it is a member, also after failures', async () => {
    const { clock, state, upkeep } = setUp();
    await clock.advance(30_000);
    expect(state.repairs).toBe(3);
    state.reachable = false;
    await clock.advance(20_000);
    state.reachable = true;
    await clock.advance(10_000);
    expect(state.repairs).toBe(6);
    state.member = false;
    await clock.advance(30_000);
    expect(state.repairs).toBe(6);
    upkeep.close();
    await clock.advance(10_000);
    expect(clock.pending()).toBe(0);
  });

  it('gives the membership up where nothing moves, and says stuck where that does not help', async () => {
    const { clock, said, upkeep, given, begin } = setUp();
    await clock.advance(80_000);
    expect(given).toEqual([expect.stringContaining('5 records wait')]);
    expect(upkeep.stuck()).toBeUndefined();
    begin();
    await clock.advance(80_000);
    expect(given).toHaveLength(1);
    expect(upkeep.stuck()).toContain('did not help');
    expect(said).toHaveLength(2);
    upkeep.progressed();
    await clock.advance(10_000);
    expect(upkeep.stuck()).toBeUndefined();
  });

  it('says stuck too where the membership cannot even be left', async () => {
    const { clock, state, upkeep, given } = setUp();
    await clock.advance(80_000);
    expect(given).toHaveLength(1);
    state.member = false;
    await clock.advance(80_000);
    expect(upkeep.stuck()).toContain('did not help');
  });

  it.each(['progress', 'an excuse', 'no broker', 'no membership', 'no lag'])(
    'accuses nobody while there is %s',
    async (what) => {
      const { clock, state, upkeep, given } = setUp();
      if (what === 'an excuse') state.excused = true;
      if (what === 'no broker') state.reachable = false;
      if (what === 'no membership') state.member = false;
      if (what === 'no lag') state.lag = 0;
      for (let i = 0; i < 30; i += 1) {
        if (what === 'progress') upkeep.progressed();
        await clock.advance(10_000);
      }
      expect([given, upkeep.stuck()]).toEqual([[], undefined]);
    },
  );
});
