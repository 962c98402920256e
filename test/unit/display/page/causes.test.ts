import { expect, test } from 'vitest';
import { createCauses } from '../../../../src/display/page/causes.ts';
import { event } from './events.ts';

const bounds = { maxEvents: 100, maxCharacters: 10_000 };
const reply = (causationid: string) => event({ id: 'reply', attributes: { causationid } });

test('a reply is told from which source its request came, and how long ago', () => {
  const causes = createCauses(bounds);
  causes.note(event({ id: 'a', source: 'curl' }), 1_000);
  expect(causes.find(reply('a'), 1_012)).toEqual({
    source: 'curl',
    latencyMs: 12,
    isAmbiguous: false,
  });
});

test('an event without a cause has none, and neither has one whose cause was not seen', () => {
  const causes = createCauses(bounds);
  causes.note(event({ id: 'a' }), 0);
  expect(causes.find(event(), 1)).toBeUndefined();
  expect(causes.find(reply('b'), 1)).toBeUndefined();
});

test('of requests with one id the newest counts', () => {
  const causes = createCauses(bounds);
  causes.note(event({ id: 'a' }), 0);
  causes.note(event({ id: 'a' }), 100);
  expect(causes.find(reply('a'), 110)).toMatchObject({ latencyMs: 10, isAmbiguous: false });
});

test('an id that several sources used is called ambiguous from then on', () => {
  const causes = createCauses(bounds);
  for (const source of ['x', 'y', 'y']) causes.note(event({ id: 'a', source }), 0);
  expect(causes.find(reply('a'), 1)).toMatchObject({ source: 'y', isAmbiguous: true });
});

test('a clock that was set back makes no negative latency', () => {
  const causes = createCauses(bounds);
  causes.note(event({ id: 'a' }), 1_000);
  expect(causes.find(reply('a'), 500)?.latencyMs).toBe(0);
});

test('ids that look like names of the language are ids like any other', () => {
  const causes = createCauses(bounds);
  expect(causes.find(reply('__proto__'), 0)).toBeUndefined();
  expect(causes.find(reply('constructor'), 0)).toBeUndefined();
  causes.note(event({ id: '__proto__', source: 'x' }), 0);
  expect(causes.find(reply('__proto__'), 1)).toMatchObject({ source: 'x' });
});

test('what is remembered is bounded in number and in characters, and overlong ids are not', () => {
  const few = createCauses({ maxEvents: 2, maxCharacters: 10_000 });
  for (const id of ['a', 'b', 'c']) few.note(event({ id }), 0);
  expect(few.size()).toBe(2);
  expect(few.find(reply('a'), 1)).toBeUndefined();
  expect(few.find(reply('b'), 1)).toBeDefined();

  const short = createCauses({ maxEvents: 1_000, maxCharacters: 2_000 });
  for (let n = 0; n < 100; n += 1) short.note(event({ id: `${n}`.padEnd(1_000, 'x') }), 0);
  expect(short.size()).toBe(1);
  short.note(event({ id: 'x'.repeat(5_000) }), 0);
  expect(short.size()).toBe(1);
});

test('the newest of many requests are found, also after many more than are remembered', () => {
  const causes = createCauses({ maxEvents: 10, maxCharacters: 10_000 });
  for (let n = 0; n < 1_000; n += 1) {
    causes.note(event({ id: `${n % 7}`, source: 'x' }), n);
    causes.note(event({ id: `n${n}`, source: 'x' }), n);
    expect(causes.find(reply(`n${n}`), n + 5)?.latencyMs).toBe(5);
    expect(causes.size()).toBeLessThanOrEqual(10);
  }
});
