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
  const outage: string[] = [];
  const tell = (_fields: object, text: string): void => void outage.push(text);
  const upkeep = createUpkeep(
    { stuckAfterMs: 60_000, brokers: ['127.0.0.1:9092'] },
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
      log: { debug: quiet, info: tell, warn: tell, error: (_f, text) => said.push(text) },
    },
  );
  const given: string[] = [];
  const begin = (): void => void upkeep.membership().then(({ message }) => given.push(message));
  begin();
  upkeep.start();
  return { clock, state, said, outage, upkeep, given, begin };
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

  it('says that Kafka does not answer, for how long, and that it does again', async () => {
    const { clock, state, outage, upkeep } = setUp();
    state.reachable = false;
    await clock.advance(50_000);
    expect(outage).toEqual(Array(4).fill('Kafka does not answer; nothing can be read from it'));
    expect(upkeep.unanswered.state()).toBe('for 40 s, 5 tries: no broker');
    // Who is no member any more still finds out that it is over.
    state.member = false;
    await clock.advance(10_000);
    expect(upkeep.unanswered.lastingMs()).toBe(50_000);
    state.reachable = true;
    await clock.advance(10_000);
    expect(outage.slice(4)).toEqual(['Kafka answers again']);
    expect([upkeep.unanswered.state(), upkeep.unanswered.lastingMs()]).toEqual([undefined, 0]);
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
