import fc from 'fast-check';
import { expect, it } from 'vitest';
import { orderings } from '../../../src/delivery/releaser.ts';
import { AdapterError } from '../../../src/errors.ts';
import {
  answered,
  createRig,
  failedWith,
  refusedPayload,
  type Script,
  tooLarge,
  transient,
  unreachable,
} from './core-rig.ts';
import { range } from './records.ts';

/** What one attempt, write or commit may meet; the lists below are gone through again and again. */
const latency = fc.integer({ min: 0, max: 300 });
const attempt = fc.tuple(
  latency,
  fc.oneof(
    { weight: 6, arbitrary: fc.constant('answer' as const) },
    fc.constantFrom('transient', 'unreachable', 'refused', 'skip', 'misconfigured', 'not ready'),
  ),
);
const write = fc.tuple(
  latency,
  fc.oneof(
    { weight: 4, arbitrary: fc.constant('ok' as const) },
    fc.constantFrom('fails', 'too large'),
  ),
);
const commit = fc.tuple(
  latency,
  fc.oneof(
    { weight: 4, arbitrary: fc.constant('committed' as const) },
    fc.constantFrom('dropped' as const, 'fails' as const),
  ),
);
const disturbance = fc.record({
  at: fc.integer({ min: 0, max: 3_000 }),
  kind: fc.constantFrom('lose', 'halt', 'append', 'flush'),
  partition: fc.nat({ max: 2 }),
  lasting: fc.integer({ min: 0, max: 1_500 }),
});
const schedule = fc.record({
  partitions: fc.integer({ min: 1, max: 3 }),
  counts: fc.array(fc.nat({ max: 15 }), { minLength: 3, maxLength: 3 }),
  workers: fc.integer({ min: 1, max: 5 }),
  maxAhead: fc.integer({ min: 1, max: 8 }),
  maxAttempts: fc.integer({ min: 1, max: 4 }),
  failingInputs: fc.integer({ min: 1, max: 4 }),
  ordering: fc.constantFrom(...orderings),
  /** Keys in turn, by number; 0 for none. */
  keys: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 6 }),
  attempts: fc.array(attempt, { minLength: 1, maxLength: 20 }),
  writes: fc.array(write, { minLength: 1, maxLength: 10 }),
  commits: fc.array(commit, { minLength: 1, maxLength: 10 }),
  disturbances: fc.array(disturbance, { maxLength: 5 }),
});
type Schedule = typeof schedule extends fc.Arbitrary<infer T> ? T : never;

/** Every fault ends by then. */
const faultyMs = 20_000;

/** Goes through a list again and again; after the faults only its latencies are left. */
function scriptOf(plan: Schedule): { script: Script; end: () => void } {
  let faulty = true;
  let [attempts, writes, commits] = [0, 0, 0];
  let unreadyUntil = 0;
  let now = (): number => 0;
  const script: Script = {
    partitions: plan.partitions,
    options: {
      workers: plan.workers,
      maxAhead: plan.maxAhead,
      maxAttempts: plan.maxAttempts,
      ordering: plan.ordering,
    },
    failingInputs: plan.failingInputs,
    sizesVary: plan.writes.some(([, what]) => what === 'too large'),
    keyOf: (offset) => {
      const key = plan.keys[offset % plan.keys.length] ?? 0;
      return key === 0 ? null : Uint8Array.of(key);
    },
    ready: () => !faulty || now() >= unreadyUntil,
    process: async (record, _attempt, clock) => {
      now = clock.now;
      const [ms, what] = plan.attempts[attempts++ % plan.attempts.length] ?? [0, 'answer'];
      await clock.sleep(ms);
      if (!faulty || what === 'answer') return answered(record);
      if (what === 'transient') return transient();
      if (what === 'unreachable') return unreachable();
      if (what === 'refused') return refusedPayload();
      if (what === 'skip') return { kind: 'skipped', reason: 'unwanted-type' };
      if (what === 'not ready') unreadyUntil = clock.now() + 700;
      return failedWith(new AdapterError('PREDICTOR_MISCONFIGURED', '404'));
    },
    writing: async (_batch, clock) => {
      const [ms, what] = plan.writes[writes++ % plan.writes.length] ?? [0, 'ok'];
      await clock.sleep(ms);
      if (!faulty || what === 'ok') return;
      throw what === 'too large' ? tooLarge : new Error('no broker');
    },
    committing: async (clock) => {
      const [ms, what] = plan.commits[commits++ % plan.commits.length] ?? [0, 'committed'];
      await clock.sleep(ms);
      if (!faulty) return 'committed';
      if (what === 'fails') throw new Error('no coordinator');
      return what;
    },
  };
  return {
    script,
    end: () => {
      faulty = false;
    },
  };
}

async function run(plan: Schedule): Promise<void> {
  const { script, end } = scriptOf(plan);
  const rig = createRig(script);
  const ids = range(0, plan.partitions);
  const counts = ids.map((id) => plan.counts[id] ?? 0);
  const append = (id: number, count: number): void => {
    rig.append(id, count);
    counts[id] = (counts[id] ?? 0) + (rig.clock.now() > 0 ? count : 0);
  };
  for (const id of ids) append(id, counts[id] ?? 0);
  for (const { at, kind, partition, lasting } of plan.disturbances) {
    const id = partition % plan.partitions;
    rig.clock.schedule(at + 1, () => {
      if (kind === 'lose') rig.lose(id, lasting);
      else if (kind === 'append') append(id, 3);
      else if (kind === 'flush') void rig.flush();
      else {
        rig.pipeline.halt();
        rig.clock.schedule(lasting, rig.pipeline.resume);
      }
    });
  }
  await rig.clock.advance(faultyMs);
  end();
  await rig.clock.advance(100_000);
  // A commit that the group did not take is made again when something moves.
  for (const id of ids) append(id, 1);
  await rig.clock.advance(100_000);

  const done = new Set(rig.log.map((line) => line.split(' ')[1]));
  for (const id of ids) {
    expect(range(0, counts[id] ?? 0).filter((offset) => !done.has(`${id}/${offset}`))).toEqual([]);
    expect(rig.committed.get(id)).toBe(counts[id]);
  }
  // Only a partition that went and came back is answered twice.
  const losses = plan.disturbances.some(({ kind }) => kind === 'lose');
  if (!losses) expect(rig.log).toHaveLength(done.size);
  expect([rig.pipeline.idle(), rig.pipeline.running()]).toEqual([true, 0]);
  expect(rig.clock.pending()).toBe(0);
}

it('under any latencies, faults, losses of partitions and failing commits nothing is lost, nothing is out of order, nothing is committed too early', async () => {
  await fc.assert(fc.asyncProperty(schedule, run), { numRuns: 400 });
}, 20_000);
