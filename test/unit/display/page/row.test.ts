import { assert, property, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHeldEvents } from '../../../../src/display/page/held-events.ts';
import { payloadOf, rowOf } from '../../../../src/display/page/row.ts';
import type { Event } from '../../../../src/event/event.ts';
import { event } from './events.ts';

const held = (one: Event, maxBytes = 1e8) =>
  createHeldEvents({ maxEvents: 1, maxBytes }).add(one, { receivedAtMs: 5 });

/** What could recolour, reorder or hide text. */
const unsafe = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

describe('a row', () => {
  test('has the attributes by name, the payload laid out, and no cause where none was seen', () => {
    const one = event({ data: '{"a":[1]}', attributes: { time: 'T', subject: 'x' } });
    expect(rowOf(held(one))).toEqual({
      number: 1,
      receivedAtMs: 5,
      specversion: '1.0',
      type: 't',
      source: 's',
      id: '1',
      time: 'T',
      attributes: [
        ['datacontenttype', 'application/json'],
        ['subject', 'x'],
      ],
      moreAttributes: 0,
      dataBytes: 9,
      payload: { form: 'text', text: '{\n  "a": [\n    1\n  ]\n}', isCut: false },
    });
  });

  test('has no control, format or bidirectional character, whoever sent it', () => {
    const evil = 'a\u202eb\u0000\u001b[31m\u200b\u2028\ud800';
    const one = event({
      type: evil,
      source: evil,
      id: evil,
      attributes: { time: evil, other: evil },
      data: JSON.stringify({ a: '\u202e' }),
    });
    expect(JSON.stringify(rowOf(held(one)))).not.toMatch(unsafe);
  });

  test('is bounded, however large the event is', () => {
    const long = 'x'.repeat(1_000_000);
    const attributes = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, n) => [`n${n}`, long.slice(0, 2_000)]),
    );
    const row = rowOf(held(event({ type: long, source: long, id: long, attributes, data: long })));
    expect(row.moreAttributes).toBe(5_000 - 40);
    expect(row.type.length).toBeLessThan(1_100);
    expect(JSON.stringify(row).length).toBeLessThan(120_000);
  });

  test('says of a payload that was left out how large it is', () => {
    const row = rowOf(held(event({ data: 'x'.repeat(9_000) }), 5_000));
    expect(row).toMatchObject({ dataBytes: 9_000 });
    expect(row.payload).toBeUndefined();
  });
});

describe('a payload', () => {
  test('that is not UTF-8, or has control characters and is not said to be text, is base64', () => {
    for (const bytes of [
      [0xff, 0xfe],
      [0xc3, 0x28],
      [0, 1, 2],
    ]) {
      const payload = payloadOf(Uint8Array.from(bytes), 'application/octet-stream');
      expect(payload).toEqual({
        form: 'base64',
        text: Buffer.from(bytes).toString('base64'),
        isCut: false,
      });
    }
  });

  test('that is large is cut, at a whole character, and says so', () => {
    const payload = payloadOf(Buffer.from('é€😀'.repeat(60_000)), 'text/plain');
    expect(payload).toMatchObject({ form: 'text', isCut: true });
    expect(payload.text).not.toContain('\ufffd');
    expect(payload.text.length).toBeLessThanOrEqual(16 * 1024);
    // A sequence that lies across the end of what is read.
    for (const shift of ['', 'a', 'aa', 'aaa']) {
      const text = shift + '😀'.repeat(40_000);
      expect(payloadOf(Buffer.from(text), 'text/plain').form).toBe('text');
    }
  });

  test('keeps its numbers as they were sent', () => {
    const { text } = payloadOf(Buffer.from('{"n":12345678901234567890.10}'), 'application/json');
    expect(text).toContain('12345678901234567890.10');
  });

  test('of any bytes is bounded and harmless', () => {
    assert(
      property(uint8Array({ maxLength: 2_000 }), (bytes) => {
        for (const type of [undefined, 'application/json', 'text/plain', 'image/png']) {
          const { text } = payloadOf(bytes, type);
          expect(text).not.toMatch(unsafe);
          expect(text.length).toBeLessThanOrEqual(16 * 1024);
        }
      }),
    );
  });
});
