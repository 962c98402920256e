import { array, assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { createHeldEvents } from '../../../../src/display/page/held-events.ts';
import { event } from './events.ts';

const at = { receivedAtMs: 0 };

test('of too many the newest are held, under numbers that go on', () => {
  const held = createHeldEvents({ maxEvents: 3, maxBytes: 100_000 });
  for (let id = 1; id <= 5; id += 1) held.add(event({ id: `${id}` }), at);
  expect([held.first(), held.last()]).toEqual([3, 5]);
  expect([2, 3, 4, 5, 6].map((number) => held.get(number)?.event.id)).toEqual([
    undefined,
    '3',
    '4',
    '5',
    undefined,
  ]);
});

test('whatever comes, the bounds hold, the newest is there, and there are no gaps', () => {
  assert(
    property(integer({ min: 1, max: 8 }), array(integer({ min: 0, max: 12_000 })), (max, sizes) => {
      const held = createHeldEvents({ maxEvents: max, maxBytes: 10_000 });
      for (const [index, size] of sizes.entries()) {
        const added = held.add(event({ id: `${index + 1}`, data: new Uint8Array(size) }), at);
        expect(added.number).toBe(index + 1);
        expect(held.get(held.last())).toBe(added);
        expect(held.last() - held.first()).toBeLessThan(max);
        let bytes = 0;
        for (let number = held.first(); number <= held.last(); number += 1) {
          expect(held.get(number)?.event.id).toBe(`${number}`);
          bytes += held.get(number)?.bytes ?? 0;
        }
        expect(held.bytes()).toBe(bytes);
        expect(bytes).toBeLessThanOrEqual(10_000);
      }
    }),
  );
});

test('an event too large by itself is held without its data, and says how large they were', () => {
  const held = createHeldEvents({ maxEvents: 10, maxBytes: 5_000 });
  const added = held.add(event({ data: new Uint8Array(6_000) }), at);
  expect(added).toMatchObject({ dataBytes: 6_000, isDataLeftOut: true, event: { id: '1' } });
  expect(added.event.data).toBeUndefined();
});

test('attributes too large by themselves are left out too', () => {
  const held = createHeldEvents({ maxEvents: 10, maxBytes: 5_000 });
  const added = held.add(event({ attributes: { large: 'x'.repeat(9_000) } }), at);
  expect(added.event.attributes.size).toBe(0);
  expect(held.bytes()).toBeLessThanOrEqual(5_000);
});

test('a small payload does not keep the batch in memory that it came in', () => {
  const batch = new Uint8Array(1_000_000);
  const held = createHeldEvents({ maxEvents: 10, maxBytes: 5_000 });
  const { data } = held.add(event({ data: batch.subarray(10, 20) }), at).event;
  expect(data).toHaveLength(10);
  expect(data?.buffer.byteLength).toBeLessThan(10_000);
});
