/** CloudEvents 1.0.2 and 0.3, "Context Attributes": which values each attribute may have. */

import { describe, expect, it } from 'vitest';
import { parseMediaType } from '../../../src/event/media-type.ts';
import { uriKind } from '../../../src/event/uri.ts';
import { body, eventOf, faults, http, kafka, structured } from './messages.ts';

const percent = (value: string): string => encodeURIComponent(value);

describe('time is RFC 3339 and kept as sent', () => {
  it.each([
    '2018-04-05T17:31:00Z',
    '2018-04-05T17:31:00.123456789Z',
    '2018-04-05T17:31:00.000000000Z',
    '2018-04-05T18:31:00+01:00',
    '2018-04-05T16:31:00.5-01:30',
    '2018-04-05t17:31:00z',
    '2016-12-31T23:59:60Z',
    '2020-02-29T00:00:00Z',
    '2000-02-29T00:00:00Z',
    '0001-01-01T00:00:00-23:59',
  ])('%s', (time) => {
    expect(eventOf(http({ 'ce-time': time })).attributes.get('time')).toBe(time);
    expect(eventOf(kafka({ ce_time: time })).attributes.get('time')).toBe(time);
    expect(eventOf(structured(body(`"time":"${time}"`))).attributes.get('time')).toBe(time);
  });

  it.each([
    '',
    'lunchtime',
    '2018-04-05',
    '2018-04-05T18:31Z',
    '2018-04-05T18:31:00',
    '2018-04-05T18:31:00X',
    '2018-04-05 18:31:00Z',
    '2018-04-05T18:31:00+25:00',
    '2018-04-05T18:31:00+01:60',
    '2018-04-05T18:31:00+xx:00',
    '2018-04-05T18:31:00+05',
    '2018-04-05T18:31:00+0500',
    '2018-04-05T18:31:00.Z',
    '2018-13-05T18:31:00Z',
    '2018-00-05T18:31:00Z',
    '2018-04-31T18:31:00Z',
    '2018-04-00T18:31:00Z',
    '2019-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2018-04-05T24:00:00Z',
    '2018-04-05T18:60:00Z',
    '2018-04-05T18:31:61Z',
    '1522949460',
  ])('refuses %j', (time) => {
    expect(faults(http({ 'ce-time': percent(time) }))).toEqual(['time']);
  });

  it('refuses a time that is a number', () => {
    expect(faults(structured(body('"time":1522949460')))).toEqual(['time']);
  });
});

const references = [
  '/apis/v1/namespaces/default/pingsources/iris',
  '#fragment',
  '//authority/path',
  'seldon.iris.default',
  'mailto:cncf-wg@lists.cncf.io',
  'urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66',
  'https://user:pass@[::1]:8080/a;b/c?d=/?e#f/?',
  'http://[v7.a:b]/',
  'https://example.com:/',
  '?q',
  './a:b',
  '%C3%A9',
  "!$&'()*+,;=",
  'a:',
];
const noReferences = [
  'not a uri',
  'é',
  '1a:b',
  ':a',
  'a%zz',
  'a%4',
  'a#b#c',
  'a[b]',
  '//[::1',
  'http://[::1]x/',
  'http://a:b/',
  'http://a@b@c/',
  'http://[g]/',
  'http://a/[b]',
  'http://[a]@b/',
  'a\\b',
  '<a>',
  'a"b',
  'a{b}',
  'a^b',
  'a|b',
  'a`b',
];

describe('source is a URI-reference', () => {
  it.each(references)('%s', (source) => {
    expect(eventOf(http({ 'ce-source': percent(source) })).source).toBe(source);
  });

  it.each(noReferences)('refuses %s', (source) => {
    expect(faults(http({ 'ce-source': percent(source) }))).toEqual(['source']);
  });
});

describe('the schema', () => {
  it.each([
    ['https://example.com/schema#/definitions/a', 'absolute'],
    ['urn:x', 'absolute'],
    ['//example.com/schema', 'relative'],
    ['/schema', 'relative'],
    ['', 'relative'],
  ])('%s is %s', (uri, kind) => {
    expect(uriKind(uri)).toBe(kind);
  });

  it('is absolute as dataschema of 1.0', () => {
    const dataschema = 'https://example.com/schema';
    const decoded = eventOf(http({ 'ce-dataschema': dataschema }));
    expect(decoded.attributes.get('dataschema')).toBe(dataschema);
    for (const bad of ['', '/schema', 'not a uri']) {
      expect(faults(http({ 'ce-dataschema': bad }))).toEqual(['dataschema']);
    }
  });

  it('is a reference as schemaurl of 0.3', () => {
    const with03 = (schemaurl: string) =>
      http({ 'ce-specversion': '0.3', 'ce-schemaurl': schemaurl });
    expect(eventOf(with03('/schema')).attributes.get('schemaurl')).toBe('/schema');
    for (const bad of ['', 'not a uri']) expect(faults(with03(bad))).toEqual(['schemaurl']);
  });

  it("is an extension by the other version's name", () => {
    expect(eventOf(http({ 'ce-schemaurl': 'not a uri' })).attributes.size).toBe(1);
    const headers = { 'ce-specversion': '0.3', 'ce-dataschema': 'not a uri' };
    expect(eventOf(http(headers)).attributes.size).toBe(1);
  });
});

describe('specversion', () => {
  it.each(['1.0', '0.3'])('takes %s', (version) => {
    expect(eventOf(http({ 'ce-specversion': version })).specversion).toBe(version);
  });

  it.each(['0.2', '0.9', '1', '1.0.2', '2.0', ' 1.0', 'constructor'])('refuses %s', (version) => {
    expect(faults(http({ 'ce-specversion': version }))).toEqual(['specversion']);
  });
});

describe('subject and extensions', () => {
  it('refuses an empty subject, and takes an empty extension', () => {
    expect(faults(http({ 'ce-subject': '' }))).toEqual(['subject']);
    expect(eventOf(http({ 'ce-myext': '' })).attributes.get('myext')).toBe('');
  });
});

describe('datacontenttype is RFC 2046', () => {
  it.each([
    'application/json',
    'application/json;charset=utf-8',
    'Application/JSON ; Charset="UTF-8"',
    'application/vnd.apache.thrift.binary',
    'multipart/mixed; boundary="a;\\"b"; x=y',
    'text/plain;',
    'text/plain; ; a=b',
    'a/b+c',
  ])('%s', (type) => {
    expect(eventOf(http({ 'Content-Type': type })).datacontenttype).toBe(type);
  });

  it.each([
    '',
    'xyz',
    '/json',
    'application/',
    'a/b/c',
    'a b/c',
    'application/json; charset',
    'application/json; charset=',
    'application/json; =x',
    'application/json, text/plain',
    'application/json; a="b',
    'application/jsoné',
  ])('refuses %j', (type) => {
    expect(faults(http({ 'Content-Type': type }))).toEqual(['datacontenttype']);
  });

  it('refuses a type of a length that nobody means', () => {
    const type = `a/${'b'.repeat(4095)}`;
    expect(faults(http({ 'Content-Type': type }))).toEqual(['datacontenttype']);
    expect(eventOf(http({ 'Content-Type': type.slice(0, -1) })).datacontenttype).toHaveLength(4096);
  });

  it('reads the charset without regard to case and quotes', () => {
    expect(parseMediaType('Text/Plain; a=b; CHARSET="Ut\\f-8"')).toEqual({
      essence: 'text/plain',
      charset: 'utf-8',
    });
  });
});
