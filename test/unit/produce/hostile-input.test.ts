/** What people and other programs give a running `produce`: lines, a rate file, a sink's answers. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRate } from '../../../src/config/produce.ts';
import { describeAnswer } from '../../../src/produce/answer.ts';
import { createRateControl } from '../../../src/produce/rate-control.ts';
import { watchRateFile } from '../../../src/produce/rate-file.ts';

const numberLike = fc.stringMatching(/^[0-9.eE+\-, \t]{0,12}$/);
const line = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  numberLike,
  fc.double().map(String),
  fc.constantFrom('pause', 'resume', 'toggle', 'quit', ' PAUSE\r', '1_000', '0x10', 'Infinity'),
);
const isRate = (value: number): boolean => value >= 0 && value <= 1_000_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

describe('typed lines', () => {
  it('of any kind leave a rate from 0 to a million, and what is said is one line', () => {
    const rates = fc.array(fc.constantFrom(0, 0.5, 1, 50, 1_000_000), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(rates, fc.array(line, { maxLength: 20 }), (given, lines) => {
        const [first = 1, ...rest] = given;
        const control = createRateControl({ rates: [first, ...rest], parseRate });
        for (const text of lines) {
          const before = control.perSecond();
          const change = control.line(text);
          expect(isRate(control.perSecond())).toBe(true);
          if (change.kind === 'rate') expect(change.perSecond).toBe(control.perSecond());
          else expect(control.perSecond()).toBe(before);
          if (change.kind === 'none') expect(change.say).toMatch(/^[\x20-\x7e]+$/);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a rate file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'seldon-eventing-rates-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('of any bytes is a rate, or is told of on one line; the rate it had stays', async () => {
    const content = fc.oneof(
      line.map((text) => Buffer.from(text)),
      numberLike.map((text) => Buffer.from(`\ufeff${text}\n`)),
      fc.uint8Array({ maxLength: 60 }),
      fc.constant(Buffer.alloc(2_000, '1')),
      fc.double({ min: 0, max: 1e6, noNaN: true }).map((rate) => Buffer.from(`${rate}\n`)),
    );
    const path = join(folder, 'rate');
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        await writeFile(path, bytes);
        const rates: number[] = [];
        const printed: string[] = [];
        const looks: (() => void)[] = [];
        const watched = await watchRateFile(
          { path, parseRate },
          {
            onRate: (rate) => rates.push(rate),
            print: (text) => printed.push(text),
            schedule: (_ms, run) => {
              looks.push(run);
              return () => undefined;
            },
          },
        );
        // A fault is told when the second look finds it, too.
        looks.shift()?.();
        while (looks.length === 0) await new Promise((resolve) => setImmediate(resolve));
        watched.close();
        expect(rates.length + printed.length).toBe(1);
        expect(rates.every(isRate)).toBe(true);
        for (const told of printed) {
          expect(told).not.toMatch(controls);
          expect(told.length).toBeLessThan(500);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('the answer of a sink', () => {
  it('of any kind is told on one line of bounded length', () => {
    const name = fc.constantFrom(
      ...['content-type', 'ce-id', 'ce-type', 'ce-source', 'ce-specversion', 'x'],
    );
    const value = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.constantFrom('1.0', 'application/cloudevents+json', 'application/cloudevents-batch+json'),
    );
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.json().map((json) => Buffer.from(json)),
      fc.string({ unit: 'binary' }).map((detail) => Buffer.from(JSON.stringify({ detail }))),
      fc
        .record({ specversion: value, id: value, type: value, source: value }, { requiredKeys: [] })
        .map((event) => Buffer.from(JSON.stringify(event))),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 599 }),
        fc.array(fc.tuple(name, value), { maxLength: 6 }),
        body,
        (status, pairs, bytes) => {
          const { ok, line: told } = describeAnswer('event 1', {
            ...{ status, rawHeaders: pairs.flat(), body: bytes },
          });
          expect(ok).toBe(status >= 200 && status < 300);
          expect(told).not.toMatch(controls);
          expect(told.length).toBeLessThan(2_000);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
