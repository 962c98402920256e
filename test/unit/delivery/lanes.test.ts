import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLanes, type InLane, laneKey } from '../../../src/delivery/lanes.ts';

interface Item extends InLane<Item> {
  readonly key: string | null;
  readonly n: number;
}
const item = (key: string | null, n: number): Item => ({ key, n, behind: undefined });

describe('lanes', () => {
  it('let the items of a key go one after another, in order, and lose none, under any interleaving', () => {
    const keys = fc.array(fc.constantFrom(null, '', 'a', 'b'), { maxLength: 60 });
    fc.assert(
      fc.property(keys, fc.array(fc.nat(), { maxLength: 200 }), (all, choices) => {
        const lanes = createLanes<Item>();
        const going: Item[] = [];
        const gone: Item[] = [];
        const leaveOne = (choice: number): void => {
          const [left] = going.splice(choice % going.length, 1);
          if (left === undefined) return;
          gone.push(left);
          const next = lanes.leave(left.key, left);
          if (next !== undefined) going.push(next);
        };
        all.forEach((key, n) => {
          const one = item(key, n);
          if (lanes.enter(key, one)) going.push(one);
          const goingKeys = going.map((i) => i.key);
          expect(new Set(goingKeys).size).toBe(goingKeys.length);
          const choice = choices[n] ?? 0;
          if (choice % 2 === 0) leaveOne(choice);
        });
        while (going.length > 0) leaveOne(0);
        for (const key of new Set(all)) {
          const mine = all.flatMap((k, n) => (k === key ? [n] : []));
          expect(gone.filter((i) => i.key === key).map((i) => i.n)).toEqual(mine);
        }
        expect(lanes.size()).toBe(0);
      }),
    );
  });

  it('are forgotten when they are empty', () => {
    const lanes = createLanes<Item>();
    const one = item('a', 1);
    expect([lanes.enter('a', one), lanes.size()]).toEqual([true, 1]);
    expect([lanes.leave('a', one), lanes.size()]).toEqual([undefined, 0]);
  });
});

describe('the lane of a key', () => {
  it('is that of the same bytes, whatever array holds them', () => {
    const bytes = Buffer.from([0, 0x80, 0xff, 0x41]);
    expect(laneKey(new Uint8Array(bytes))).toBe(laneKey(bytes));
    expect(laneKey(bytes.subarray(1))).toBe(laneKey(Uint8Array.of(0x80, 0xff, 0x41)));
  });

  it('tells any two keys apart, also an empty one and none', () => {
    const key = fc.option(fc.uint8Array({ maxLength: 3 }));
    fc.assert(
      fc.property(key, key, (a, b) => {
        const same = a === b || (a !== null && b !== null && Buffer.compare(a, b) === 0);
        expect(laneKey(a) === laneKey(b)).toBe(same);
      }),
    );
    expect(laneKey(null)).not.toBe(laneKey(new Uint8Array()));
  });
});
