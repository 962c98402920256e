import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatEvent } from '../../../src/display/format.ts';
import type { Event } from '../../../src/event/event.ts';

const event = (changes: Partial<Event> = {}): Event => ({
  specversion: '1.0',
  id: '1',
  source: 'curl',
  type: 'seldon.iris.default.response',
  datacontenttype: 'application/json',
  attributes: new Map(),
  data: undefined,
  ...changes,
});
const bytes = (text: string) => Buffer.from(text);
const dataOf = (changes: Partial<Event>) => {
  const lines = formatEvent(event(changes));
  return lines.slice(lines.findIndex((line) => line.startsWith('Data')));
};

test('an event reads as in Knative event_display', () => {
  const attributes = new Map<string, string | number | boolean>([
    ['traceparent', '00-x'],
    ['time', '2026-01-01T00:00:00Z'],
    ['subject', 's'],
    ['dataschema', 'http://s'],
    ['attempt', 2],
  ]);
  const data = bytes('{"data":{"names":["a"],"ndarray":[[1.50,2]]},"meta":{ }}');
  expect(formatEvent(event({ attributes, data })).join('\n')).toBe(`☁️  cloudevents.Event
Validation: valid
Context Attributes,
  specversion: 1.0
  type: seldon.iris.default.response
  source: curl
  subject: s
  id: 1
  time: 2026-01-01T00:00:00Z
  dataschema: http://s
  datacontenttype: application/json
Extensions,
  attempt: 2
  traceparent: 00-x
Data,
  {
    "data": {
      "names": [
        "a"
      ],
      "ndarray": [
        [
          1.50,
          2
        ]
      ]
    },
    "meta": {}
  }`);
});

test('an event without extensions and data has neither part', () => {
  const lines = formatEvent(event({ datacontenttype: undefined }));
  expect(lines.at(-1)).toBe('  id: 1');
});

test('JSON is laid out without a value being changed', () => {
  const json = '{"a":12345678901234567890,"a":"x,{}[]:\\"\\\\","b":[],"c":-1.0e+2, "d":null}';
  expect(dataOf({ data: bytes(json) }).join('\n')).toBe(`Data,
  {
    "a": 12345678901234567890,
    "a": "x,{}[]:\\"\\\\",
    "b": [],
    "c": -1.0e+2,
    "d": null
  }`);
});

test('what is laid out parses to the same value, whatever it is', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (json) => {
      const [, ...lines] = dataOf({ data: bytes(json) });
      // JSON has none of the escapes that printing adds, so these must not be in the sample.
      fc.pre(!/\\u[0-9a-f]{4}|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(json));
      expect(JSON.parse(lines.join('\n'))).toEqual(JSON.parse(json));
    }),
  );
});

test('no value can move the cursor, begin a line or reorder the text', () => {
  const hostile = 'x\u001b[2J\r\n☁️  cloudevents.Event\u0000\u007f\u009b1m\u202e\u2028\ud800';
  const attributes = new Map([['ext', hostile]]);
  const data = bytes(JSON.stringify(hostile));
  const lines = formatEvent(event({ source: hostile, attributes, data }));
  expect(lines.filter((line) => line.startsWith('☁'))).toHaveLength(1);
  expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  expect(lines).toContain(
    '  source: x\\u001b[2J\\u000d\\u000a☁️  cloudevents.Event\\u0000\\u007f\\u009b1m\\u202e\\u2028\\ud800',
  );
});

test('nothing that a sender chooses can begin a line or bring a control character', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(text, text, text, (value, payload, datacontenttype) => {
      const attributes = new Map([['ext', value]]);
      const data = bytes(payload);
      const sent = { id: value, source: value, attributes, data, datacontenttype };
      for (const line of formatEvent(event(sent))) {
        expect(line).toMatch(/^ {2}|^(☁️ {2}c|Validation: |Context Attributes,|Extensions,|Data)/);
        expect(line).not.toMatch(/[^\P{Cc}\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      }
    }),
  );
});

test('text of several lines stays indented, with its line ends and tabs', () => {
  const data = bytes('a\r\n\tb\u001b\nContext Attributes,');
  expect(dataOf({ datacontenttype: 'text/plain', data })).toEqual([
    'Data,',
    '  a',
    '  \tb\\u001b',
    '  Context Attributes,',
  ]);
});

test('data that is no text is shown by its size and beginning', () => {
  const data = new Uint8Array(200).fill(0xff);
  const [title, line] = dataOf({ datacontenttype: 'application/protobuf', data });
  expect(title).toBe('Data (binary),');
  expect(line).toMatch(/^ {2}200 bytes, base64: \/{128}…$/);
  const readable = bytes('\u0001\u0002');
  expect(dataOf({ datacontenttype: 'application/x', data: readable })[1]).toBe(
    '  2 bytes, base64: AQI=',
  );
});

test('large JSON is not laid out, larger text is cut, and so are long values', () => {
  const large = `[${'1,'.repeat(10_000)}1]`;
  expect(dataOf({ data: bytes(large) })).toEqual(['Data,', `  ${large}`]);
  const cut = dataOf({ data: bytes(`"${'x'.repeat(100_000)}"`) });
  expect(cut.at(-1)).toBe('  … cut: 100002 bytes in all');
  expect(cut.join('').length).toBeLessThan(70_000);
  expect(formatEvent(event({ id: 'i'.repeat(1e6) })).join('').length).toBeLessThan(5000);
});

test('deeply nested JSON does not blow up', () => {
  const data = bytes('['.repeat(8000) + ']'.repeat(8000));
  expect(dataOf({ data }).join('\n').length).toBeLessThan(2_000_000);
});
