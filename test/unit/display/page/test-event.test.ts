import { anything, assert, json, oneof, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { parseTestEvent } from '../../../../src/display/page/test-event.ts';

const parse = (value: unknown) => parseTestEvent(Buffer.from(JSON.stringify(value)), 'new-id');
const form = { type: 't', source: 's', data: '{"a":1}', datacontenttype: 'application/json' };

test('a form becomes the event that it describes', () => {
  const given = { ...form, id: 'é 1', mode: 'structured', attributes: { subject: 'x"y%' } };
  expect(parse(given)).toEqual({
    ok: true,
    mode: 'structured',
    event: {
      specversion: '1.0',
      type: 't',
      source: 's',
      id: 'é 1',
      datacontenttype: 'application/json',
      attributes: new Map([['subject', 'x"y%']]),
      data: Buffer.from('{"a":1}'),
    },
  });
});

test('an empty id is a new one, and an empty field is an absent one', () => {
  const parsed = parse({ ...form, id: '', datacontenttype: '', data: '' });
  expect(parsed).toMatchObject({ ok: true, mode: 'binary', event: { id: 'new-id' } });
  if (parsed.ok) expect(parsed.event.data).toBeUndefined();
});

test('everything that is wrong is told at once', () => {
  const given = {
    mode: 'smoke signals',
    specversion: '9',
    source: 5,
    datacontenttype: 'application/cloudevents+json',
    attributes: { 'no-dash': 'x', number: 1 },
  };
  const parsed = parse(given);
  const wheres = parsed.ok ? [] : parsed.problems.map(({ where }) => where);
  for (const where of [
    'mode',
    'source',
    'datacontenttype',
    'no-dash',
    'number',
    'specversion',
    'type',
  ]) {
    expect(wheres).toContain(where);
  }
});

test.each(['a\r\nevil: 1', 'a\nb', 'text/plain\u0000', 'é/x'])(
  'the content type %j cannot become another header',
  (datacontenttype) => {
    expect(parse({ ...form, datacontenttype })).toMatchObject({ ok: false });
  },
);

test('required attributes cannot be given a second time', () => {
  expect(parse({ ...form, attributes: { type: 'other' } })).toMatchObject({ ok: false });
});

test('nothing that is sent makes it throw, and names of the language do no harm', () => {
  assert(
    property(oneof(json(), string({ unit: 'binary' })), (text) => {
      expect(typeof parseTestEvent(Buffer.from(text), 'i').ok).toBe('boolean');
    }),
  );
  assert(
    property(anything(), anything(), (attributes, data) => {
      const body = JSON.stringify({ ...form, attributes, data });
      expect(typeof parseTestEvent(Buffer.from(body), 'i').ok).toBe('boolean');
    }),
  );
  const hostile = '{"type":"t","source":"s","attributes":{"__proto__":"x","constructor":"y"}}';
  expect(parseTestEvent(Buffer.from(hostile), 'i')).toMatchObject({ ok: false });
  expect(({} as { x?: unknown }).x).toBeUndefined();
});
