import { describe, expect, it } from 'vitest';
import { orderings } from '../../../src/delivery/releaser.ts';
import { AdapterError } from '../../../src/errors.ts';
import { settle } from '../../support/fake-clock.ts';
import {
  answered,
  commitIntervalMs,
  createRig,
  failedWith,
  refusedPayload,
  tooLarge,
  transient,
  unreachable,
} from './core-rig.ts';
import { range } from './records.ts';

const later = 600_000;
const sorted = (offsets: readonly number[]): number[] => [...offsets].sort((a, b) => a - b);

describe.each(orderings)('every record (ordering %s)', (ordering) => {
  it('is answered once and committed, where nothing fails', async () => {
    const rig = createRig({
      partitions: 3,
      options: { ordering },
      process: async (record, _attempt, clock) => {
        await clock.sleep((record.offset * 7919) % 97);
        return answered(record);
      },
    });
    for (const id of [0, 1, 2]) rig.append(id, 20 + id);
    await rig.clock.advance(later);
    for (const id of [0, 1, 2]) {
      expect(sorted(rig.outputs(id))).toEqual(range(0, 20 + id));
      expect(rig.committed.get(id)).toBe(20 + id);
    }
    expect(rig.pipeline.idle()).toBe(true);
  });

  it('that the predictor refuses goes to the error topic at once, and its neighbours flow', async () => {
    const rig = createRig({
      options: { ordering },
      process: async (record) => (record.offset === 2 ? refusedPayload() : answered(record)),
    });
    rig.append(0, 5);
    await rig.clock.advance(later);
    expect(rig.diverted(0)).toEqual([2]);
    expect(sorted(rig.outputs(0))).toEqual([0, 1, 3, 4]);
    expect(rig.attempts.filter((name) => name === '0/2')).toHaveLength(1);
    expect(rig.committed.get(0)).toBe(5);
  });

  it('that is poisonous goes to the error topic after so many attempts, and its neighbours flow', async () => {
    const rig = createRig({
      options: { ordering, maxAttempts: 3 },
      process: async (record) => (record.offset === 2 ? transient() : answered(record)),
    });
    rig.append(0, 10);
    await rig.clock.advance(later);
    expect(rig.diverted(0)).toEqual([2]);
    expect(sorted(rig.outputs(0))).toEqual([0, 1, ...range(3, 10)]);
    expect(rig.attempts.filter((name) => name === '0/2')).toHaveLength(3);
    expect(rig.committed.get(0)).toBe(10);
  });

  it('that is poisonous is given up after so many attempts in all, however often its partition goes away', async () => {
    const rig = createRig({
      options: { ordering, maxAttempts: 6 },
      process: async (record) => (record.offset === 2 ? transient() : answered(record)),
    });
    rig.append(0, 5);
    for (let turn = 0; turn < 6; turn += 1) {
      await rig.clock.drain(60);
      rig.lose(0, 10);
    }
    await rig.clock.advance(later);
    expect(rig.diverted(0)).toEqual([2]);
    expect(rig.attempts.filter((name) => name === '0/2')).toHaveLength(6);
    expect(rig.committed.get(0)).toBe(5);
  });

  it('is diverted where its answer is too large for the output topic', async () => {
    const rig = createRig({
      options: { ordering },
      writing: async (batch) => {
        if (batch.includes(3)) throw tooLarge;
      },
    });
    rig.append(0, 6);
    await rig.clock.advance(later);
    expect(rig.diverted(0)).toEqual([3]);
    expect(sorted(rig.outputs(0))).toEqual([0, 1, 2, 4, 5]);
    expect(rig.committed.get(0)).toBe(6);
  });

  it('that needs no answer is committed without one', async () => {
    const rig = createRig({
      options: { ordering },
      process: async (record, _attempt, clock) => {
        await clock.sleep(10 - record.offset);
        if (record.offset % 2 === 0) return { kind: 'skipped', reason: 'own-type' };
        return answered(record);
      },
    });
    rig.append(0, 6);
    await rig.clock.advance(later);
    expect(sorted(rig.outputs(0))).toEqual([1, 3, 5]);
    expect(rig.committed.get(0)).toBe(6);
  });

  it('waits, uncounted, while the predictor is down for everybody, and is answered after', async () => {
    let up = false;
    const rig = createRig({
      partitions: 2,
      options: { ordering, maxAttempts: 2 },
      process: async (record) => (up ? answered(record) : unreachable()),
    });
    for (const id of [0, 1]) rig.append(id, 10);
    await rig.clock.advance(later);
    expect(rig.log).toEqual([]);
    expect([...rig.committed]).toEqual([]);
    up = true;
    await rig.clock.advance(later);
    for (const id of [0, 1]) {
      expect(sorted(rig.outputs(id))).toEqual(range(0, 10));
      expect(rig.diverted(id)).toEqual([]);
      expect(rig.committed.get(id)).toBe(10);
    }
  });

  it('is never diverted because of a wrong deployment', async () => {
    let mended = false;
    const rig = createRig({
      options: { ordering, maxAttempts: 1 },
      process: async (record) =>
        mended ? answered(record) : failedWith(new AdapterError('PREDICTOR_MISCONFIGURED', '404')),
    });
    rig.append(0, 5);
    await rig.clock.advance(later);
    expect(rig.log).toEqual([]);
    mended = true;
    await rig.clock.advance(later);
    expect(sorted(rig.outputs(0))).toEqual(range(0, 5));
  });

  it('goes out again and again while the output topic cannot be written, and nothing is committed', async () => {
    let broken = true;
    const rig = createRig({
      options: { ordering },
      writing: async () => {
        if (broken) throw new Error('no broker');
      },
    });
    rig.append(0, 10);
    await rig.clock.advance(later);
    expect(rig.log).toEqual([]);
    expect(rig.commits).toEqual([]);
    broken = false;
    await rig.clock.advance(later);
    expect(sorted(rig.outputs(0))).toEqual(range(0, 10));
    // A prediction is not made again because its answer could not be written.
    expect(rig.attempts).toHaveLength(10);
  });

  it('of a lost partition is neither written nor committed any more, though it was predicted', async () => {
    const rig = createRig({
      options: { ordering },
      process: async (record, _attempt, clock) => {
        await clock.sleep(record.offset === 0 ? 1 : 50);
        return answered(record);
      },
      writing: async (_batch, clock) => clock.sleep(20),
    });
    rig.append(0, 4);
    await rig.clock.advance(10);
    const lost = rig.partition(0);
    rig.lose(0, later);
    await rig.clock.advance(later / 2);
    // What was on its way to the broker could not be called back.
    expect(rig.outputs(0)).toEqual([0]);
    expect(rig.commits).toEqual([]);
    expect(lost.lost).toBe(true);
    expect([rig.pipeline.running(), rig.pipeline.idle()]).toEqual([0, true]);
  });

  it('of a partition that comes back later is answered from the committed offset on', async () => {
    const rig = createRig({
      options: { ordering },
      process: async (record, _attempt, clock) => {
        await clock.sleep(30);
        return answered(record);
      },
    });
    rig.append(0, 12);
    await rig.clock.advance(45);
    rig.lose(0, 1_000);
    await rig.clock.advance(later);
    expect(new Set(rig.outputs(0))).toEqual(new Set(range(0, 12)));
    expect(rig.committed.get(0)).toBe(12);
  });
});

describe('ordering partition', () => {
  it('writes outputs in offset order, though predictions overlap and some are tried again', async () => {
    const rig = createRig({
      partitions: 2,
      options: { workers: 8 },
      process: async (record, attempt, clock) => {
        await clock.sleep((record.offset * 7919) % 53);
        return record.offset % 4 === 1 && attempt < 3 ? transient() : answered(record);
      },
      failingInputs: 1_000,
    });
    for (const id of [0, 1]) rig.append(id, 40);
    await rig.clock.advance(later);
    for (const id of [0, 1]) expect(rig.outputs(id)).toEqual(range(0, 40));
    expect(rig.mostRunning()).toBeGreaterThan(4);
  });

  it('holds back new records of the partition during a retry, and of no other', async () => {
    let broken = true;
    const rig = createRig({
      partitions: 2,
      options: { workers: 2, maxAttempts: 1_000 },
      process: async (record, _attempt, clock) => {
        await clock.sleep(5);
        const poison = record.partition === 0 && record.offset === 0;
        return poison && broken ? transient() : answered(record);
      },
    });
    rig.append(0, 10);
    rig.append(1, 10);
    await rig.clock.advance(10_000);
    expect(rig.outputs(0)).toEqual([]);
    expect(new Set(rig.attempts.filter((name) => name.startsWith('0/'))).size).toBeLessThan(4);
    expect(rig.outputs(1)).toEqual(range(0, 10));
    expect(rig.committed.get(1)).toBe(10);
    broken = false;
    await rig.clock.advance(10_000);
    expect(rig.outputs(0)).toEqual(range(0, 10));
  });

  it('has an error record acknowledged before it writes what comes after', async () => {
    const rig = createRig({
      process: async (record) => (record.offset === 0 ? refusedPayload() : answered(record)),
    });
    rig.append(0, 3);
    await settle();
    expect(rig.log).toEqual([]);
    await rig.clock.advance(commitIntervalMs);
    expect(rig.log).toEqual(['diverted 0/0', 'output 0/1', 'output 0/2']);
    expect(rig.committed.get(0)).toBe(3);
  });
});

describe('ordering key', () => {
  /** Two keys in turn. */
  const keyOf = (offset: number): Uint8Array => Uint8Array.of(offset % 2);

  it('predicts on the records of a key one after another, on those of different keys at once', async () => {
    const rig = createRig({
      options: { ordering: 'key', workers: 8 },
      keyOf: (offset) => Uint8Array.of(offset % 5),
      process: async (record, _attempt, clock) => {
        await clock.sleep((record.offset * 7919) % 97);
        return answered(record);
      },
    });
    rig.append(0, 100);
    await rig.clock.advance(later);
    expect(sorted(rig.outputs(0))).toEqual(range(0, 100));
    expect(rig.mostRunning()).toBe(5);
    expect(rig.partition(0).lanes.size()).toBe(0);
  });

  it('holds back the key of a retry, and no other', async () => {
    const rig = createRig({
      options: { ordering: 'key', maxAttempts: 1_000 },
      keyOf,
      process: async (record) => (record.offset === 0 ? transient() : answered(record)),
    });
    rig.append(0, 10);
    await rig.clock.advance(10_000);
    expect(rig.outputs(0)).toEqual([1, 3, 5, 7, 9]);
    expect(rig.acked(0)).toEqual([1, 3, 5, 7, 9]);
  });

  it('holds back the key of a record until its error record is acknowledged', async () => {
    const rig = createRig({
      options: { ordering: 'key' },
      keyOf,
      process: async (record) => (record.offset === 0 ? refusedPayload() : answered(record)),
    });
    rig.append(0, 6);
    await rig.clock.advance(later);
    const written = (line: string): number => rig.log.indexOf(line);
    expect(written('diverted 0/0')).toBeLessThan(written('output 0/2'));
    expect(written('output 0/1')).toBeLessThan(written('diverted 0/0'));
  });

  it('looks no further than maxAhead for a key that is free, and goes on when the front is done', async () => {
    let slow = true;
    const rig = createRig({
      options: { ordering: 'key', maxAhead: 10 },
      // One hot key, and a cold one that comes far behind.
      keyOf: (offset) => Uint8Array.of(offset === 15 ? 1 : 0),
      process: async (record, _attempt, clock) => {
        while (record.offset === 0 && slow) await clock.sleep(10);
        return answered(record);
      },
    });
    rig.append(0, 20);
    await rig.clock.advance(1_000);
    expect(rig.attempts).toEqual(['0/0']);
    slow = false;
    await rig.clock.advance(later);
    expect(sorted(rig.outputs(0))).toEqual(range(0, 20));
  });

  it('goes on where it was when nothing new may run for a while', async () => {
    const rig = createRig({
      options: { ordering: 'key', workers: 2 },
      keyOf,
      process: async (record, _attempt, clock) => {
        await clock.sleep(10);
        return answered(record);
      },
    });
    rig.append(0, 10);
    await rig.clock.advance(15);
    rig.pipeline.halt();
    await rig.clock.advance(1_000);
    expect(rig.outputs(0)).toHaveLength(4);
    rig.pipeline.resume();
    await rig.clock.advance(1_000);
    expect(sorted(rig.outputs(0))).toEqual(range(0, 10));
  });
});

describe('what is done beyond the position', () => {
  it('is not answered again when its partition goes away and comes back', async () => {
    let poisonous = true;
    const rig = createRig({
      options: { ordering: 'none', maxAttempts: 1_000 },
      process: async (record) =>
        poisonous && record.offset % 10 === 0 ? transient() : answered(record),
    });
    rig.append(0, 40);
    await rig.clock.advance(5_000);
    expect(rig.acked(0)).toEqual(range(0, 40).filter((offset) => offset % 10 !== 0));
    const before = rig.attempts.length;
    rig.lose(0, 1_000);
    await rig.clock.advance(10_000);
    poisonous = false;
    await rig.clock.advance(10_000);
    expect(rig.committed.get(0)).toBe(40);
    expect(sorted(rig.outputs(0))).toEqual(range(0, 40));
    const after = new Set(rig.attempts.slice(before));
    expect([...after].sort()).toEqual(['0/0', '0/10', '0/20', '0/30']);
  });

  it('stays known over several owners, of whom each answers a part', async () => {
    const failing = new Set(range(0, 5).map((n) => n * 10));
    const rig = createRig({
      options: { ordering: 'none', maxAttempts: 1_000 },
      process: async (record) => (failing.has(record.offset) ? transient() : answered(record)),
    });
    rig.append(0, 50);
    for (const mended of [20, 40, 0, 30, 10]) {
      await rig.clock.advance(5_000);
      rig.lose(0, 500);
      failing.delete(mended);
      rig.append(0, 1);
    }
    await rig.clock.advance(20_000);
    expect(rig.committed.get(0)).toBe(55);
    expect(sorted(rig.outputs(0))).toEqual(range(0, 55));
  });

  it('holds up its partition before it could be too much for the metadata', async () => {
    let slow = true;
    const rig = createRig({
      options: { ordering: 'none', workers: 4_000, maxAhead: 100_000 },
      // Every second record is slow: the worst that can be told in runs.
      process: async (record, _attempt, clock) => {
        while (record.offset % 2 === 0 && slow) await clock.sleep(1_000);
        return answered(record);
      },
    });
    rig.append(0, 8_000);
    await rig.clock.advance(5_000);
    const run = new Set(rig.attempts).size;
    expect(run).toBeGreaterThan(2_000);
    expect(run).toBeLessThan(4_000);
    expect(rig.acked(0)).toHaveLength(rig.outputs(0).length);
    slow = false;
    await rig.clock.advance(later);
    expect(rig.committed.get(0)).toBe(8_000);
  }, 30_000);

  it('is committed at most every interval though nothing else is left to do', async () => {
    const rig = createRig({
      options: { ordering: 'none', maxAttempts: 1_000 },
      process: async (record) => (record.offset === 0 ? transient() : answered(record)),
    });
    rig.append(0, 1);
    for (let i = 0; i < 90; i += 1) {
      rig.append(0, 1);
      await rig.clock.advance(10);
    }
    expect(rig.commits.length).toBeLessThanOrEqual(1_000 / commitIntervalMs);
    await rig.clock.advance(commitIntervalMs);
    expect(rig.acked(0)).toEqual(range(1, 91));
  });
});

describe('ordering none', () => {
  it('lets a retry hold back nothing', async () => {
    const rig = createRig({
      options: { ordering: 'none', workers: 2, maxAttempts: 1_000 },
      process: async (record) => (record.offset === 0 ? transient() : answered(record)),
    });
    rig.append(0, 10);
    await rig.clock.advance(10_000);
    expect(sorted(rig.outputs(0))).toEqual(range(1, 10));
    expect([...rig.committed]).toEqual([[0, 0]]);
    expect(rig.acked(0)).toEqual(range(1, 10));
  });
});

describe('the two budgets', () => {
  it('one poisonous record alone in its topic is diverted after so many attempts', async () => {
    const rig = createRig({ options: { maxAttempts: 8 }, process: async () => transient() });
    rig.append(0, 1);
    await rig.clock.advance(later);
    expect(rig.diverted(0)).toEqual([0]);
    expect(rig.attempts).toHaveLength(8);
  });

  it('a run of poisonous records longer than the window does not stall its partition (A2)', async () => {
    const rig = createRig({
      options: { maxAttempts: 3 },
      process: async (record) => (record.offset < 20 ? transient() : answered(record)),
    });
    rig.append(0, 25);
    await rig.clock.advance(3_600_000);
    expect(sorted(rig.diverted(0))).toEqual(range(0, 20));
    expect(rig.outputs(0)).toEqual(range(20, 25));
  });

  it.each(['key', 'none'] as const)(
    'a probe is a record never tried, so that poisonous ones do not hide that others are answered (ordering %s)',
    async (ordering) => {
      const poisonous = 7;
      const rig = createRig({
        options: { ordering, workers: 16, maxAttempts: 3 },
        keyOf: (offset) => Buffer.from(String(offset)),
        process: async (record) => (record.offset < poisonous ? transient() : answered(record)),
      });
      rig.append(0, poisonous);
      await rig.clock.advance(50);
      const before = rig.attempts.length;
      rig.append(0, 3);
      await rig.clock.advance(later);
      expect(rig.attempts[before]).toBe(`0/${poisonous}`);
      expect(sorted(rig.diverted(0))).toEqual(range(0, poisonous));
      expect(sorted(rig.outputs(0))).toEqual(range(poisonous, poisonous + 3));
    },
  );

  it('while everybody fails, few attempts are made and next to nothing is diverted', async () => {
    let down = true;
    const rig = createRig({
      partitions: 4,
      options: { workers: 16, maxAttempts: 8 },
      process: async (record) => (down ? transient() : answered(record)),
    });
    for (const id of range(0, 4)) rig.append(id, 250);
    await rig.clock.advance(60_000);
    expect(rig.log.length).toBeLessThanOrEqual(4);
    expect(rig.attempts.length).toBeLessThan(50);
    down = false;
    await rig.clock.advance(later);
    expect(rig.log).toHaveLength(1_000);
  });

  it('while the predictor is not ready nothing is called, and the wait costs next to nothing', async () => {
    let ready = false;
    const rig = createRig({ ready: () => ready });
    rig.append(0, 5);
    await rig.clock.advance(60_000);
    expect(rig.attempts).toEqual([]);
    expect(rig.clock.fired()).toBeLessThan(200);
    ready = true;
    await rig.clock.advance(500);
    expect(rig.outputs(0)).toEqual(range(0, 5));
  });

  it('while a probe hangs, nobody spins', async () => {
    const rig = createRig({
      partitions: 2,
      process: async (record, attempt, clock) => {
        if (record.partition === 0 && attempt === 1) return unreachable();
        await clock.sleep(30_000);
        return answered(record);
      },
    });
    rig.append(0, 1);
    await settle();
    rig.append(1, 5);
    await rig.clock.advance(25_000);
    expect(rig.pipeline.running()).toBe(1);
    expect(rig.clock.fired()).toBeLessThan(200);
    await rig.clock.advance(later);
    expect(rig.outputs(1)).toEqual(range(0, 5));
  });

  it('a failed record rests as long as Retry-After says, within the longest delay', async () => {
    const times: number[] = [];
    const rig = createRig({
      process: async (record, attempt, clock) => {
        times.push(clock.now());
        if (attempt > 2) return answered(record);
        const retryAfterMs = attempt === 1 ? 700 : 60_000;
        return failedWith(new AdapterError('PREDICTOR_BUSY', '429', { retryAfterMs }));
      },
    });
    rig.append(0, 1);
    await rig.clock.advance(later);
    expect(times).toEqual([0, 700, 1_700]);
  });
});

describe('bounds', () => {
  it('never more predictions run than there are workers, over all partitions', async () => {
    const rig = createRig({
      partitions: 10,
      options: { workers: 3 },
      process: async (record, _attempt, clock) => {
        await clock.sleep(5);
        return answered(record);
      },
    });
    for (const id of range(0, 10)) rig.append(id, 10);
    await rig.clock.advance(later);
    expect(rig.mostRunning()).toBe(3);
    expect(rig.log).toHaveLength(100);
  });

  it.each(orderings)(
    'one slow record lets at most maxAhead be run (ordering %s)',
    async (ordering) => {
      let slow = true;
      const rig = createRig({
        options: { ordering, maxAhead: 7 },
        process: async (record, _attempt, clock) => {
          while (record.offset === 0 && slow) await clock.sleep(10);
          return answered(record);
        },
      });
      rig.append(0, 30);
      await rig.clock.advance(1_000);
      // All without a key: one lane.
      expect(new Set(rig.attempts).size).toBe(ordering === 'key' ? 1 : 7);
      slow = false;
      await rig.clock.advance(later);
      expect(sorted(rig.outputs(0))).toEqual(range(0, 30));
    },
  );

  it('a long backlog in one partition does not hold up the others', async () => {
    const rig = createRig({
      partitions: 3,
      options: { workers: 1, maxAhead: 1_000 },
      process: async (record, _attempt, clock) => {
        await clock.sleep(10);
        return answered(record);
      },
    });
    rig.append(0, 500);
    await rig.clock.advance(100);
    rig.append(1, 5);
    rig.append(2, 5);
    await rig.clock.advance(200);
    expect([rig.outputs(1), rig.outputs(2)]).toEqual([range(0, 5), range(0, 5)]);
  });
});

describe('commits', () => {
  const steady = () =>
    createRig({
      options: { workers: 2 },
      process: async (record, _attempt, clock) => {
        await clock.sleep(10);
        return answered(record);
      },
    });

  it('are made at most every interval while records flow', async () => {
    const rig = steady();
    rig.append(0, 400);
    await rig.clock.advance(1_900);
    const times = rig.commits.map(({ at }) => at);
    expect(times.length).toBeGreaterThan(5);
    for (const [index, at] of times.entries()) {
      if (index > 0) expect(at - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(commitIntervalMs);
    }
  });

  it('are made at once when nothing is left to do', async () => {
    const rig = steady();
    rig.append(0, 1);
    await rig.clock.advance(10);
    expect(rig.commits).toEqual([{ at: 10, offsets: { 0: 1 } }]);
  });

  it('are made at once after the last record went to the error topic', async () => {
    const rig = createRig({ process: async () => refusedPayload() });
    rig.append(0, 1);
    await rig.clock.advance(3);
    expect(rig.commits).toEqual([{ at: 3, offsets: { 0: 1 } }]);
  });

  it('are made one at a time, however slow, and the last one tells all', async () => {
    const rig = createRig({
      committing: async (clock) => {
        await clock.sleep(1_000);
        return 'committed';
      },
      process: async (record, _attempt, clock) => {
        await clock.sleep(100);
        return answered(record);
      },
    });
    rig.append(0, 60);
    await rig.clock.advance(later);
    expect(rig.committed.get(0)).toBe(60);
  });

  it('are made again when they failed', async () => {
    let failures = 3;
    const rig = createRig({
      committing: async () => {
        failures -= 1;
        if (failures >= 0) throw new Error('coordinator not available');
        return 'committed';
      },
    });
    rig.append(0, 3);
    await rig.clock.advance(commitIntervalMs * 3);
    expect(rig.commits).toEqual([{ at: 600, offsets: { 0: 3 } }]);
  });

  it('are not made again when the group does not take them, until something moves', async () => {
    let drops = 0;
    const rig = createRig({
      committing: async () => {
        drops += 1;
        return drops === 1 ? 'dropped' : 'committed';
      },
    });
    rig.append(0, 3);
    await rig.clock.advance(later);
    expect([drops, rig.commits]).toEqual([1, []]);
    rig.append(0, 1);
    await rig.clock.advance(0);
    expect(rig.committed.get(0)).toBe(4);
  });

  it('a flush waits for the commit under way and then tells the rest', async () => {
    const rig = createRig({
      committing: async (clock) => {
        await clock.sleep(100);
        return 'committed';
      },
    });
    rig.append(0, 1);
    await rig.clock.advance(50);
    rig.append(0, 2);
    await rig.clock.advance(10);
    let flushed = 0;
    for (const flush of [rig.flush(), rig.flush()]) void flush.then(() => (flushed += 1));
    // The first commit ends at 100, the one with the rest at 200.
    await rig.clock.advance(139);
    expect([flushed, rig.committed.get(0)]).toEqual([0, 1]);
    await rig.clock.advance(1);
    expect(flushed).toBe(2);
    expect(rig.committed.get(0)).toBe(3);
  });

  it('a flush does not end before a commit that began in the meantime', async () => {
    const rig = createRig({
      committing: async (clock) => {
        await clock.sleep(100);
        return 'committed';
      },
    });
    const flushed = rig.flush().then(() => rig.committed.get(0));
    rig.append(0, 1);
    await settle();
    const again = rig.flush().then(() => rig.committed.get(0));
    await rig.clock.advance(1_000);
    await flushed;
    expect(await again).toBe(1);
  });

  it('a flush that fails ends all the same', async () => {
    const rig = createRig({
      committing: async () => {
        throw new Error('no coordinator');
      },
    });
    rig.append(0, 1);
    await settle();
    await expect(rig.flush()).resolves.toBeUndefined();
  });
});

describe('halting', () => {
  const slow = () =>
    createRig({
      options: { workers: 2 },
      process: async (record, _attempt, clock) => {
        await clock.sleep(100);
        return answered(record);
      },
      writing: (_batch, clock) => clock.sleep(50),
    });

  it('begins nothing new, and settles when what is under way is written', async () => {
    const rig = slow();
    rig.append(0, 10);
    await rig.clock.advance(10);
    rig.pipeline.halt();
    let settledAt: number | undefined;
    void rig.pipeline.settled(10_000).then(() => {
      settledAt = rig.clock.now();
    });
    await rig.clock.advance(5_000);
    expect(settledAt).toBe(200);
    expect(rig.outputs(0)).toEqual([0, 1]);
    expect(rig.attempts).toHaveLength(2);
    rig.pipeline.resume();
    await rig.clock.advance(later);
    expect(rig.outputs(0)).toEqual(range(0, 10));
  });

  it('settles at the latest after the time given', async () => {
    const rig = slow();
    rig.append(0, 10);
    rig.pipeline.halt();
    let settled = false;
    void rig.pipeline.settled(60).then(() => {
      settled = true;
    });
    await rig.clock.advance(59);
    expect(settled).toBe(false);
    await rig.clock.advance(1);
    expect(settled).toBe(true);
  });

  it('settles at once where nothing is under way', async () => {
    const rig = slow();
    rig.pipeline.halt();
    await rig.pipeline.settled(1_000);
    expect(rig.clock.now()).toBe(0);
  });

  it('does not wait for a record that rests before a retry, nor runs it', async () => {
    const rig = createRig({ process: async () => transient() });
    rig.append(0, 1);
    await settle();
    rig.pipeline.halt();
    await rig.pipeline.settled(60_000);
    await rig.clock.advance(60_000);
    expect(rig.attempts).toHaveLength(1);
    expect(rig.log).toEqual([]);
    expect(rig.commits).toEqual([]);
  });
});
