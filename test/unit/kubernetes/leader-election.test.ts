import { afterEach, describe, expect, it } from 'vitest';
import { KubernetesApiError } from '../../../src/kubernetes/api-error.ts';
import type { KubeObject } from '../../../src/kubernetes/kube-object.ts';
import {
  createLeaderElection,
  type LeaderElection,
  type LeaderElectionDeps,
} from '../../../src/kubernetes/leader-election.ts';
import { createFakeClock, settle } from '../../support/fake-clock.ts';
import { createQuietLog } from './quiet-log.ts';

/** A Lease as a server keeps it, with its conflicts; `fault` is what the next calls meet. */
function leaseStore() {
  let stored: KubeObject | undefined;
  let version = 0;
  const writes: string[] = [];
  const store = (lease: KubeObject): KubeObject => {
    version += 1;
    stored = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(version) } };
    const { holderIdentity } = stored['spec'] as { readonly holderIdentity?: string };
    writes.push(holderIdentity ?? '-');
    return stored;
  };
  const conflict = (): never => {
    throw new KubernetesApiError(409, 'Conflict', 'conflict');
  };
  return {
    writes,
    spec: () => (stored?.['spec'] ?? {}) as Readonly<Record<string, unknown>>,
    delete: () => {
      stored = undefined;
    },
    write: (spec: object) => {
      const metadata = { name: 'lease', namespace: 'ns' };
      store({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec });
    },
    /** One process's way to it. */
    client: (fault: () => Promise<void> | void = () => {}): LeaderElectionDeps['client'] => ({
      get: async () => {
        await fault();
        return stored;
      },
      create: async (lease) => {
        await fault();
        return stored === undefined ? store(lease) : conflict();
      },
      replace: async (lease) => {
        await fault();
        const same = lease.metadata.resourceVersion === stored?.metadata.resourceVersion;
        return same ? store(lease) : conflict();
      },
    }),
  };
}

const closing: LeaderElection[] = [];
afterEach(() => {
  closing.length = 0;
});

function setUp() {
  const clock = createFakeClock();
  const lease = leaseStore();
  /** Who works, at any time. */
  const working = new Set<string>();
  const history: string[] = [];
  const join = (
    identity: string,
    options: {
      readonly fault?: () => Promise<void> | void;
      readonly stopsInMs?: number;
      readonly skewMs?: number;
    } = {},
  ) => {
    const { log, lines } = createQuietLog();
    const election = createLeaderElection(
      { namespace: 'ns', name: 'lease', identity },
      {
        client: lease.client(options.fault),
        clock: { now: clock.now, wallClock: () => clock.now() + (options.skewMs ?? 0) },
        schedule: clock.schedule,
        random: () => 0.5,
        log,
      },
    );
    const run = election.run(async (signal) => {
      working.add(identity);
      history.push(`+${identity}`);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      await clock.sleep(options.stopsInMs ?? 0);
      working.delete(identity);
      history.push(`-${identity}`);
    });
    return { election, run, lines };
  };
  return { clock, lease, working, history, join };
}

const outage = (): never => {
  throw new KubernetesApiError(0, 'Unreachable', 'no connection');
};

describe('leader election', () => {
  it('the first one leads at once, and makes the Lease as others expect it', async () => {
    const { lease, working, join } = setUp();
    const { election } = join('a');
    await settle();
    expect([...working]).toEqual(['a']);
    expect(election.isLeader()).toBe(true);
    expect(lease.spec()).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '1970-01-01T00:00:00.000000Z',
      renewTime: '1970-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    });
  });

  it('renews every two seconds and keeps the time at which it began', async () => {
    const { clock, lease, join } = setUp();
    join('a');
    await clock.advance(60_000);
    expect(lease.writes).toEqual(Array(31).fill('a'));
    expect(lease.spec()).toMatchObject({
      acquireTime: '1970-01-01T00:00:00.000000Z',
      renewTime: '1970-01-01T00:01:00.000000Z',
    });
  });

  it('of several one leads, for as long as it lives', async () => {
    const { clock, working, history, join } = setUp();
    for (const identity of ['a', 'b', 'c']) join(identity);
    await clock.advance(300_000);
    expect(working.size).toBe(1);
    expect(history).toHaveLength(1);
  });

  it('orderly close: the work has ended before the lease is given back, and another follows at its next look', async () => {
    const { clock, lease, working, history, join } = setUp();
    const first = join('a', { stopsInMs: 1_000 });
    await settle();
    join('b');
    await clock.advance(10_000);
    const closed = first.election.close();
    await clock.advance(999);
    expect([...working]).toEqual(['a']);
    expect(lease.spec()['holderIdentity']).toBe('a');
    expect(first.election.isLeader()).toBe(false);
    await clock.advance(3_400);
    await closed;
    await first.run;
    expect(history).toEqual(['+a', '-a', '+b']);
    expect(lease.spec()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    await first.election.close();
  });

  it('a leader that is gone without a word is followed once its lease has stayed the same for 15 s', async () => {
    const { clock, lease, history, join } = setUp();
    lease.write({ holderIdentity: 'dead', leaseDurationSeconds: 15, leaseTransitions: 4 });
    join('b');
    await clock.advance(14_900);
    expect(history).toEqual([]);
    await clock.advance(3_000);
    expect(history).toEqual(['+b']);
    expect(lease.spec()['leaseTransitions']).toBe(5);
  });

  it.each([
    ['an hour behind', -3_600_000],
    ['an hour ahead', 3_600_000],
  ])(
    'a clock %s changes nothing: only how long a lease stays the same counts (L2)',
    async (_what, skewMs) => {
      const { clock, history, join } = setUp();
      join('a', { skewMs });
      await settle();
      join('b');
      await clock.advance(120_000);
      expect(history).toEqual(['+a']);
    },
  );

  it('cut off from the server, it stops work after 10 s, before anybody else may begin (L1)', async () => {
    const { clock, working, history, join } = setUp();
    let cut = false;
    const { election } = join('a', { fault: () => void (cut && outage()), stopsInMs: 1_000 });
    await settle();
    join('b');
    await clock.advance(20_000);
    cut = true;
    await clock.advance(9_900);
    // Its last renewal was within two seconds of the cut.
    for (let passed = 0; passed < 30_000; passed += 100) {
      await clock.advance(100);
      expect(working.size).toBeLessThanOrEqual(1);
      if (working.has('b')) expect(election.isLeader()).toBe(false);
    }
    expect(history).toEqual(['+a', '-a', '+b']);
  });

  it('is no leader by the clock even before a timer could say so', async () => {
    const clock = createFakeClock();
    const lease = leaseStore();
    const { log } = createQuietLog();
    let skipped = 0;
    const now = (): number => clock.now() + skipped;
    const election = createLeaderElection(
      { namespace: 'ns', name: 'lease', identity: 'a' },
      {
        client: lease.client(),
        clock: { now, wallClock: now },
        schedule: clock.schedule,
        random: () => 0,
        log,
      },
    );
    void election.run(
      (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    );
    await settle();
    expect(election.isLeader()).toBe(true);
    // The process was stopped (SIGSTOP, a paused machine): no timer has run.
    skipped = 10_000;
    expect(election.isLeader()).toBe(false);
  });

  it('one renewal that hangs does not cost the leadership', async () => {
    const { clock, history, join } = setUp();
    let hang = false;
    join('a', {
      fault: async () => {
        if (!hang) return;
        hang = false;
        // The client gives up after the time it was given.
        await clock.sleep(5_000);
        throw new KubernetesApiError(0, 'Timeout', 'no answer');
      },
    });
    await clock.advance(10_000);
    hang = true;
    await clock.advance(120_000);
    expect(history).toEqual(['+a']);
  });

  it('after an outage leads again within seconds, since nobody else took the lease', async () => {
    const { clock, working, history, join } = setUp();
    let cut = false;
    join('a', { fault: () => void (cut && outage()) });
    await clock.advance(10_000);
    cut = true;
    await clock.advance(120_000);
    expect(history).toEqual(['+a', '-a']);
    cut = false;
    await clock.advance(2_500);
    expect([...working]).toEqual(['a']);
  });

  it('another that took the lease is believed at once', async () => {
    const { clock, lease, working, join } = setUp();
    const { election } = join('a');
    await clock.advance(10_000);
    lease.write({ holderIdentity: 'thief', leaseDurationSeconds: 15 });
    await clock.advance(2_000);
    expect([...working]).toEqual([]);
    expect(election.isLeader()).toBe(false);
    expect(election.leader()).toBe('thief');
    // It waits its turn, then leads again.
    await clock.advance(20_000);
    expect([...working]).toEqual(['a']);
  });

  it('somebody who edits the Lease, but not its holder, changes nothing', async () => {
    const { clock, lease, history, join } = setUp();
    join('a');
    for (let i = 0; i < 10; i += 1) {
      await clock.advance(3_000);
      lease.write({ ...lease.spec(), note: i });
    }
    expect(history).toEqual(['+a']);
  });

  it('a deleted Lease is made again', async () => {
    const { clock, lease, working, join } = setUp();
    join('a');
    join('b');
    await clock.advance(10_000);
    lease.delete();
    await clock.advance(10_000);
    expect(working.size).toBe(1);
    expect([...working]).toEqual([lease.spec()['holderIdentity']]);
  });

  it('without the right to the Lease it asks less and less often, and leads once it has it', async () => {
    const { clock, working, join } = setUp();
    let calls = 0;
    let allowed = false;
    const { lines } = join('a', {
      fault: () => {
        calls += 1;
        if (!allowed) throw new KubernetesApiError(403, 'Forbidden', 'may not');
      },
    });
    await clock.advance(300_000);
    expect(calls).toBeLessThan(30);
    expect(lines.some(({ message }) => message.includes('cannot be had'))).toBe(true);
    allowed = true;
    await clock.advance(15_000);
    expect([...working]).toEqual(['a']);
  });

  it('work that ends or throws by itself gives the lease back, and is begun again', async () => {
    const clock = createFakeClock();
    const lease = leaseStore();
    const { log, lines } = createQuietLog();
    let begun = 0;
    const election = createLeaderElection(
      { namespace: 'ns', name: 'lease', identity: 'a' },
      {
        client: lease.client(),
        clock: { now: clock.now, wallClock: clock.now },
        schedule: clock.schedule,
        random: () => 0,
        log,
      },
    );
    void election.run(async () => {
      begun += 1;
      if (begun === 1) throw new Error('a bug');
    });
    await clock.advance(100);
    expect(lease.spec()['holderIdentity']).toBeUndefined();
    expect(lines.some(({ level }) => level === 'error')).toBe(true);
    await clock.advance(10_000);
    expect(begun).toBeGreaterThan(2);
  });

  it('closed before it led, or while it looks: nothing is begun, no timer is left', async () => {
    const { clock, history, join } = setUp();
    join('a');
    await settle();
    const { election, run } = join('b');
    const waiting = clock.pending();
    await election.close();
    await run;
    expect(clock.pending()).toBeLessThanOrEqual(waiting);
    await clock.advance(60_000);
    expect(history).toEqual(['+a']);
  });

  it('whatever calls fail, and however long they take, two never work at once (L3)', async () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      const { clock, working, join } = setUp();
      let state = seed;
      const random = (): number => {
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
        return state / 2_147_483_648;
      };
      const fault = async (): Promise<void> => {
        const dice = random();
        // No call takes longer than it was given.
        await clock.sleep(dice < 0.1 ? 4_900 : dice * 200);
        if (dice > 0.7) outage();
      };
      // Work stops within the 5 s between the deadline and the end of the lease.
      for (const identity of ['a', 'b', 'c']) join(identity, { fault, stopsInMs: 4_000 });
      for (let passed = 0; passed < 200_000; passed += 500) {
        await clock.advance(500);
        expect(working.size).toBeLessThanOrEqual(1);
      }
    }
  });

  it.each([
    { leaseMs: 10_000, renewDeadlineMs: 10_000 },
    { renewDeadlineMs: 3_000 },
    { leaseMs: 500, renewDeadlineMs: 400, retryMs: 100 },
  ])('durations that do not fit each other are refused: %o', (durations) => {
    const clock = createFakeClock();
    const { log } = createQuietLog();
    expect(() =>
      createLeaderElection(
        { namespace: 'ns', name: 'lease', identity: 'a', ...durations },
        {
          client: leaseStore().client(),
          clock: { now: clock.now, wallClock: clock.now },
          schedule: clock.schedule,
          random: () => 0,
          log,
        },
      ),
    ).toThrow(RangeError);
  });
});
