import { describe, expect, it } from 'vitest';
import { createLeftOutMarkers } from '../../../../src/kafka/transactions/left-out-markers.ts';
import { createFakeClock } from '../../../support/fake-clock.ts';

const scope = { consumerGroup: 'g', topics: [{ topic: 'out', partitions: [0, 1] }] };

/** The coordinators of one partition's transactional id and of its group, as they behave. */
function createCoordinators(state: string, decided: boolean) {
  const clock = createFakeClock();
  const it = {
    state,
    decided,
    producerEpoch: 4,
    cut: false,
    markers: true,
    repairs: true,
    between: 0,
  };
  const done: string[] = [];
  const warnings: object[] = [];
  const coordinator = {
    describe: async () =>
      it.state === 'unknown'
        ? undefined
        : { state: it.state, producerId: '9', producerEpoch: it.producerEpoch },
    init: async () => {
      done.push('init');
      it.producerEpoch += 1 + it.between;
      if (it.state === 'Ongoing') {
        it.state = it.markers ? 'CompleteAbort' : 'PrepareAbort';
        throw Object.assign(new Error('busy'), { type: 'CONCURRENT_TRANSACTIONS' });
      }
      it.state = 'Empty';
      return { producerId: '9', producerEpoch: it.producerEpoch };
    },
    mark: async (id: string, producer: object, of: object, commit: boolean) => {
      it.state = 'Ongoing';
      if (it.cut) throw new Error('cut');
      done.push(`mark ${id} ${JSON.stringify(producer)} ${of === scope} ${commit}`);
      it.state = commit ? 'CompleteCommit' : 'CompleteAbort';
      if (it.repairs) it.decided = true;
    },
  };
  const settle = createLeftOutMarkers(
    { transactionalIdOf: (partition) => `g-in-${partition}`, transactionTimeoutMs: 1 },
    {
      coordinator,
      committed: async () => {
        if (it.decided) return { offset: 1, metadata: '' };
        throw Object.assign(new Error('undecided'), { type: 'UNSTABLE_OFFSET_COMMIT' });
      },
      scope: async () => scope,
      pause: clock.sleep,
      now: clock.now,
      log: { warn: (fields: object) => void warnings.push(fields) },
    },
  );
  const run = async (failed = false): Promise<string> => {
    const outcome = settle(0, failed).then(() => 'settled', String);
    await clock.drain(60_000);
    return outcome;
  };
  return { it, done, warnings, run };
}

const marked = (epoch: number, commit: boolean): string =>
  `mark g-in-0 {"producerId":"9","producerEpoch":${epoch}} true ${commit}`;

describe('the end of the last transaction of a partition', () => {
  it.each(['unknown', 'Empty', 'Dead'])(
    'is nobody’s concern where the state is %s',
    async (state) => {
      const c = createCoordinators(state, false);
      expect(await c.run()).toBe('settled');
      expect(c.done).toEqual([]);
    },
  );

  it.each(['CompleteCommit', 'CompleteAbort'])(
    'is left alone where the group has it: %s',
    async (state) => {
      const c = createCoordinators(state, true);
      expect(await c.run()).toBe('settled');
      expect(c.done).toEqual([]);
    },
  );

  it.each([
    ['CompleteCommit', true],
    ['CompleteAbort', false],
  ])('is written again as it was decided, to all of its scope: %s', async (state, commit) => {
    const c = createCoordinators(state, false);
    expect(await c.run()).toBe('settled');
    expect(c.done).toEqual(['init', marked(5, commit)]);
    expect(c.warnings).toEqual([
      { transactionalId: 'g-in-0', partition: 0, decision: commit ? 'commit' : 'abort' },
    ]);
  });

  it.each([
    ['CompleteCommit', true],
    ['CompleteAbort', false],
  ])(
    'is written again where it failed in our sight, each time, in silence: an output may lack it (%s)',
    async (state, commit) => {
      const c = createCoordinators(state, true);
      expect(await c.run(true)).toBe('settled');
      expect(await c.run(true)).toBe('settled');
      expect(c.done).toEqual(['init', marked(5, commit), 'init', marked(6, commit)]);
      expect(c.warnings).toEqual([]);
    },
  );

  it('is left alone where the group has it and another producer came between', async () => {
    const c = createCoordinators('CompleteCommit', true);
    c.it.between = 1;
    expect(await c.run(true)).toBe('settled');
    expect(c.done).toEqual(['init']);
  });

  it('is an abort where it was still open, and is written again where that is left out', async () => {
    const c = createCoordinators('Ongoing', false);
    expect(await c.run()).toBe('settled');
    expect(c.done).toEqual(['init', 'init', marked(6, false)]);
  });

  it('is waited for while its markers are being written, and told where they are not', async () => {
    const c = createCoordinators('Ongoing', false);
    c.it.markers = false;
    expect(await c.run()).toContain('the last transaction of g-in-0 is PrepareAbort');
    expect(c.done).toEqual(['init']);
  });

  it('is not written where another producer came between', async () => {
    const c = createCoordinators('CompleteCommit', false);
    c.it.between = 1;
    expect(await c.run()).toContain('another producer of g-in-0 came between');
    expect(c.done).toEqual(['init']);
  });

  it('is taken up again by the same producer where it was interrupted', async () => {
    const c = createCoordinators('CompleteCommit', false);
    c.it.cut = true;
    expect(await c.run()).toContain('cut');
    c.it.cut = false;
    expect(await c.run()).toBe('settled');
    expect(c.done).toEqual(['init', marked(5, true)]);
  });

  it('is not taken up again where somebody else has been there meanwhile', async () => {
    const c = createCoordinators('CompleteCommit', false);
    c.it.cut = true;
    await c.run();
    Object.assign(c.it, { cut: false, producerEpoch: 8, state: 'Empty' });
    expect(await c.run()).toBe('settled');
    expect(c.done).toEqual(['init']);
  });

  it('is written once, also where that does not help: it may be another’s', async () => {
    const c = createCoordinators('CompleteCommit', false);
    c.it.repairs = false;
    await c.run();
    await c.run();
    expect(c.done).toEqual(['init', marked(5, true)]);
  });
});
