/** Texts that event-display did not write: metrics of an adapter, payloads of events. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { indentJson } from '../../../src/display/indent-json.ts';
import { parseSamples } from '../../../src/display/page/prometheus.ts';
import { indentedWhereJson, textOf } from '../../../src/display/payload-text.ts';

describe('texts of any kind', () => {
  it('as metrics are samples of the names asked for', () => {
    const text = fc.oneof(
      fc.string({
        unit: fc.constantFrom('a', '{', '}', '"', '\\', '=', ',', ' ', '1', '\n', '#', '.'),
      }),
      fc.string({ maxLength: 100 }),
    );
    fc.assert(
      fc.property(text, (metrics) => {
        for (const { name } of parseSamples(metrics, new Set(['a']))) expect(name).toBe('a');
      }),
      { numRuns: 100 },
    );
  });

  it('as metrics of long lines take no more than their length', () => {
    const lines = [
      `a{${'b="\\\\",'.repeat(500)}`,
      `a${' '.repeat(4_000)}x`,
      `a ${'1'.repeat(4_000)}x`,
    ];
    for (const line of lines) {
      expect(parseSamples(`${line}\n`.repeat(100), new Set(['a']))).toEqual([]);
    }
    expect(parseSamples(`a${' '.repeat(1_000_000)}1`, new Set(['a']))).toEqual([]);
  });

  it('as payloads are shown, and JSON stays the same JSON', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(JSON.parse(indentJson(json))).toEqual(JSON.parse(json));
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array(), fc.option(fc.string(), { nil: undefined }), (bytes, type) => {
        const text = textOf(Buffer.from(bytes), type);
        if (text !== undefined) indentedWhereJson(text);
      }),
    );
  });
});
