import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createDuplicateStore,
  type DuplicateStoreOptions,
  type KeptOutcome,
} from '../../../src/delivery/duplicate-store.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { bytes } from '../event/messages.ts';
import { replied } from './inputs.ts';

const answer = (id: string, data = bytes('x')): KeptOutcome => replied(id, data) as KeptOutcome;

function setUp(options: Partial<DuplicateStoreOptions> = {}) {
  const clock = createFakeClock();
  let evictions = 0;
  const store = createDuplicateStore(
    { maxEntries: 3, maxBytes: 1e9, ttlMs: 1_000, ...options },
    {
      now: clock.now,
      evicted: () => {
        evictions += 1;
      },
    },
  );
  return { clock, store, evictions: () => evictions };
}

describe('kept answers', () => {
  it('are found by key and digest, until their time is over, however often they are asked for', async () => {
    const { clock, store, evictions } = setUp();
    store.keep('a', '1', answer('r'));
    for (const ms of [400, 400, 199]) {
      await clock.advance(ms);
      expect(store.find('a', '1')).toEqual(answer('r'));
    }
    expect([store.find('a', '2'), store.find('b', '1'), store.knows('a')]).toEqual([
      undefined,
      undefined,
      true,
    ]);
    await clock.advance(1);
    expect(store.find('a', '1')).toBeUndefined();
    expect([store.knows('a'), store.entries(), store.bytes(), evictions()]).toEqual([
      ...[false, 0, 0, 0],
    ]);
  });

  it('of one key stand beside each other where the data differed', () => {
    const { store } = setUp();
    store.keep('a', '1', answer('r1'));
    store.keep('a', '2', answer('r2'));
    expect(store.find('a', '1')).toEqual(answer('r1'));
    expect(store.find('a', '2')).toEqual(answer('r2'));
  });

  it('beyond the bound of entries push out what was not asked for longest', () => {
    const { store, evictions } = setUp();
    for (const key of ['a', 'b', 'c']) store.keep(key, '1', answer(key));
    store.find('a', '1');
    store.keep('d', '1', answer('d'));
    const left = ['a', 'b', 'c', 'd'].filter((key) => store.find(key, '1') !== undefined);
    expect([left, store.knows('b'), evictions()]).toEqual([['a', 'c', 'd'], false, 1]);
  });

  it('beyond the bound of bytes push out others; what is larger than all room is not kept', () => {
    const { store, evictions } = setUp({ maxBytes: 10_000, maxEntries: 100 });
    store.keep('a', '1', answer('a', new Uint8Array(4_000)));
    store.keep('b', '1', answer('b', new Uint8Array(6_000)));
    expect([store.find('a', '1'), store.entries(), evictions()]).toEqual([undefined, 1, 1]);
    store.keep('c', '1', answer('c', new Uint8Array(10_000)));
    expect([store.find('c', '1'), store.entries(), evictions()]).toEqual([undefined, 1, 2]);
    expect(store.find('b', '1')).toBeDefined();
  });

  it('do not hold on to the buffer that their data are a slice of', () => {
    const { store } = setUp();
    const chunk = new Uint8Array(65_536).fill(0x61);
    store.keep('a', '1', answer('r', chunk.subarray(10, 13)));
    chunk.fill(0x62);
    const found = store.find('a', '1');
    const data = found?.kind === 'replied' ? found.reply.data : undefined;
    expect(data?.buffer.byteLength).toBe(3);
    expect(Buffer.from(data ?? []).toString()).toBe('aaa');
  });

  it('that took no reply are kept too', () => {
    const { store } = setUp();
    store.keep('a', '1', { kind: 'accepted' });
    expect(store.find('a', '1')).toEqual({ kind: 'accepted' });
  });

  it('never exceed either bound, and the counts are true, whatever comes', () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      digest: fc.constantFrom('1', '2'),
      size: fc.nat(4_000),
      waitMs: fc.nat(400),
      what: fc.constantFrom('keep', 'find'),
    });
    return fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { clock, store } = setUp({ maxBytes: 8_000 });
        const all = ['a', 'b', 'c', 'd'].flatMap((key) => [
          [key, '1'] as const,
          [key, '2'] as const,
        ]);
        for (const { key, digest, size, waitMs, what } of steps) {
          if (what === 'keep') store.keep(key, digest, answer(key, new Uint8Array(size)));
          else store.find(key, digest);
          await clock.advance(waitMs);
          expect(store.entries()).toBeLessThanOrEqual(3);
          expect(store.bytes()).toBeLessThanOrEqual(8_000);
        }
        const found = all.filter(([key, digest]) => store.find(key, digest) !== undefined);
        expect(store.entries()).toBe(found.length);
        for (const key of ['a', 'b', 'c', 'd']) {
          expect(store.knows(key)).toBe(found.some(([other]) => other === key));
        }
        await clock.advance(1_000);
        expect([store.entries(), store.bytes()]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });
});
