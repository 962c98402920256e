/** HTTP binding 1.0.2 §3.1.3.2: attribute values in HTTP headers. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHeaderValue, encodeHeaderValue } from '../../../src/event/header-value.ts';
import { decodeHttp, encodeHttp } from '../../../src/event/http-message.ts';
import { event, eventOf, faults, http, raw } from './messages.ts';

describe('decoding', () => {
  it.each([
    ['plain text stays', 'plain', 'plain'],
    ['a raw space stays', 'a b', 'a b'],
    ["the specification's example", 'Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € 😀'],
    ['lower-case hex', '%e2%82%ac', '€'],
    ['needless encoding', '%41%62%2f', 'Ab/'],
    ['one round only', '%2520', '%20'],
    ['double quotes', '"a b"', 'a b'],
    ['escapes within quotes', '"a\\"b\\\\c\\d"', 'a"b\\cd'],
    ['percent-encoding within quotes', '"%41\\%42"', 'AB'],
    ['empty quotes', '""', ''],
    ['an encoded quote', '%22a%22', '"a"'],
    ['a backslash outside quotes', 'a\\b', 'a\\b'],
    ['plus stays', 'a+b', 'a+b'],
  ])('%s', (_, sent, value) => {
    expect(decodeHeaderValue(sent)).toBe(value);
  });

  it.each([
    ['an overlong form', '%C0%A0', 'UTF-8'],
    ['an encoded surrogate', '%ED%A0%80', 'UTF-8'],
    ['a truncated sequence', '%E2%82', 'UTF-8'],
    ['a continuation alone', '%80', 'UTF-8'],
    ['beyond Unicode', '%F4%90%80%80', 'UTF-8'],
    ['a lone %', '100%', '%25'],
    ['bad hex', '%zz', '%25'],
    ['half an escape', '%4', '%25'],
    ['raw Latin-1', 'caf\u00e9', 'percent-encode'],
    ['raw UTF-8 as Node reads it', 'caf\u00c3\u00a9', 'percent-encode'],
    ['an open quote', '"a', 'double quote'],
    ['a quote in the middle', 'a"b"c', 'double quote'],
    ['two quoted strings', '"a" "b"', 'double quote'],
    ['a backslash before the closing quote', '"a\\"', 'double quote'],
    ['a lone quote', '"', 'double quote'],
  ])('refuses %s', (_, sent, advice) => {
    const decoded = decodeHeaderValue(sent);
    expect(typeof decoded === 'string' ? decoded : decoded.reason).toContain(advice);
    expect(faults(http({ 'ce-myext': sent }))).toEqual(['myext']);
  });

  it.each(['%00', '%0A', '%7F', '%C2%85', '%EF%BF%BF', '%EF%B7%90', 'a\tb'])(
    'refuses what no attribute may hold: %s',
    (sent) => {
      expect(faults(http({ 'ce-subject': sent }))).toEqual(['subject']);
    },
  );
});

describe('encoding', () => {
  it.each([
    ['Euro € 😀', 'Euro%20%E2%82%AC%20%F0%9F%98%80'],
    ['a"b%c', 'a%22b%25c'],
    ["!#$&'()*+,-./:;<=>?@[\\]^_`{|}~", "!#$&'()*+,-./:;<=>?@[\\]^_`{|}~"],
    ['\u007f\r\n', '%7F%0D%0A'],
    ['', ''],
  ])('writes %j as %j', (value, written) => {
    expect(encodeHeaderValue(value)).toBe(written);
  });

  it('writes what Node accepts and what decodes to the same, for any Unicode text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const written = encodeHeaderValue(value);
        expect(written).toMatch(/^[\x21\x23-\x7e]*$/);
        expect(decodeHeaderValue(written)).toBe(Buffer.from(value).toString());
      }),
    );
  });

  it('survives a whole message', () => {
    const sent = event({ id: ' a "b" ', attributes: { subject: 'é%20' } });
    const { headers } = encodeHttp(sent, 'binary');
    expect(eventOf(decodeHttp(raw(headers), new Uint8Array()))).toEqual(sent);
  });
});
