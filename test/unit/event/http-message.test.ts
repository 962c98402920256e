/** HTTP binding 1.0.2: which messages are events, in which mode, and what a binary one says. */

import { describe, expect, it } from 'vitest';
import { decodeHttp, encodeHttp, encodeHttpBatch } from '../../../src/event/http-message.ts';
import {
  body,
  bytes,
  event,
  eventOf,
  faults,
  http,
  raw,
  reasons,
  required,
  structured,
  text,
  without,
} from './messages.ts';

describe('what is an event', () => {
  it.each([
    ['no headers at all', {}],
    ['an ordinary prediction', { 'Content-Type': 'application/json', 'Content-Length': '2' }],
    ['only an extension', { 'ce-myext': 'x', 'ce-time': '2018-04-05T17:31:00Z' }],
    ['only an illegal ce- name', { 'ce-my-ext': 'x' }],
    ['a type that merely resembles', { 'Content-Type': 'application/cloudevent+json' }],
    ['headers that merely resemble', { 'cf-id': '1', ce_id: '1', 'xce-id': '1', ce: '1' }],
  ])('is none: %s', (_, headers) => {
    expect(decodeHttp(raw(headers), bytes('{}'))).toEqual({ kind: 'none' });
  });

  it.each(Object.keys(required))('%s alone makes it an event with faults', (name) => {
    const message = decodeHttp(raw({ [name]: '1.0' }), bytes(''));
    const missing = Object.keys(required).filter((header) => header !== name);
    expect(faults(message)).toEqual(missing.map((header) => header.slice(3)));
  });

  it('counts a required header whose value cannot be read', () => {
    const message = decodeHttp(['ce-id', '%'], bytes(''));
    expect(faults(message)).toEqual(['id', 'specversion', 'source', 'type']);
  });

  it.each([
    'application/cloudevents+json',
    'application/cloudevents',
    'application/cloudevents+json; charset=utf-8',
    'application/cloudevents+json;charset=UTF-8',
    'application/cloudevents+json; charset="utf-8"; foo=bar',
    'Application/CloudEvents+JSON',
    'application/cloudevents+json ;profile="a;b"',
    'application/cloudevents+json; whatever',
  ])('is structured: %s', (contentType) => {
    expect(structured(body(), contentType)).toMatchObject({ kind: 'event', mode: 'structured' });
  });

  it.each([
    'application/cloudevents-batch+json',
    'application/cloudevents-batch',
    'APPLICATION/CLOUDEVENTS-BATCH+JSON; charset=UTF-8',
  ])('is a batch: %s', (contentType) => {
    expect(structured('[]', contentType)).toEqual({ kind: 'batch', events: [] });
  });

  it.each([
    'application/cloudevents+avro',
    'application/cloudevents+protobuf',
    'application/cloudevents-batch+xml',
    'application/cloudeventsfoo',
  ])('refuses the unsupported format %s and names the supported ones', (contentType) => {
    const message = structured(body(), contentType);
    expect(faults(message)).toEqual(['']);
    expect(reasons(message)).toContain(contentType);
    expect(reasons(message)).toContain('application/cloudevents+json');
  });

  it.each(['application/cloudevents+json', 'application/cloudevents-batch+json'])(
    'refuses %s in another charset than UTF-8',
    (type) => {
      expect(reasons(structured('[]', `${type}; charset=iso-8859-1`))).toContain('"iso-8859-1"');
      expect(faults(structured('[]', `${type}; charset="utf-16"`))).toEqual(['']);
    },
  );

  it('lets the payload win over ce- headers of a structured message', () => {
    const headers = ['ce-id', 'other', 'ce-id', '%', 'content-type', 'application/cloudevents'];
    expect(eventOf(decodeHttp(headers, bytes(body()))).id).toBe('1');
  });
});

describe('binary mode', () => {
  it('takes header names in any case', () => {
    const headers = {
      'CE-SPECVERSION': '1.0',
      'Ce-Id': '1',
      'cE-source': '/s',
      'Ce-Type': 't',
      'Ce-Myext': 'x',
      'CONTENT-TYPE': 'text/plain',
    };
    const decoded = eventOf(decodeHttp(raw(headers), bytes('hi')));
    expect(decoded).toEqual({
      ...event({ datacontenttype: 'text/plain', attributes: { myext: 'x' } }),
      data: bytes('hi'),
    });
  });

  it('hands on the very array of the body', () => {
    const payload = bytes(' {"a": 1.0} ');
    expect(eventOf(http({ 'Content-Type': 'application/json' }, payload)).data).toBe(payload);
  });

  it('takes an empty body for no data', () => {
    expect(eventOf(http()).data).toBeUndefined();
  });

  it('names every fault at once', () => {
    const message = decodeHttp(
      raw({
        'ce-specversion': '2.0',
        'ce-id': '',
        'ce-source': 'not a uri',
        'ce-time': 'yesterday',
        'ce-subject': '',
        'ce-my-ext': 'x',
        'ce-data': 'x',
        'ce-broken': '%zz',
        'Content-Type': 'json',
      }),
      bytes(''),
    );
    expect(faults(message).toSorted()).toEqual(
      [
        'broken',
        'data',
        'datacontenttype',
        'id',
        'my-ext',
        'source',
        'specversion',
        'subject',
        'time',
        'type',
      ].toSorted(),
    );
  });

  it.each(Object.keys(required))('refuses an event without %s and says what to send', (name) => {
    const message = decodeHttp(raw(without(required, name)), bytes(''));
    expect(faults(message)).toEqual([name.slice(3)]);
    expect(reasons(message)).toContain(`send the header ${name}`);
  });

  it.each(Object.keys(required))('refuses an empty %s', (name) => {
    expect(faults(http({ [name]: '' }))).toEqual([name.slice(3)]);
  });

  it.each(['ce-id', 'ce-myext', 'ce-time'])('refuses %s given twice', (name) => {
    const twice = [...raw(required), name, 'x', name.toUpperCase(), 'x'];
    const message = decodeHttp(twice, bytes(''));
    expect(reasons(message)).toContain('given twice');
    expect(faults(message)).toContain(name.slice(3));
  });

  it.each(['ce-my-ext', 'ce-my_ext', 'ce-', 'ce-data', 'ce-data_base64', 'ce-__proto__', 'ce-é'])(
    'refuses the attribute name of %s',
    (name) => {
      expect(faults(http({ [name]: 'x' }))).toEqual([name.slice(3)]);
    },
  );

  it.each(['constructor', 'tostring', 'validate', 'hasownproperty', 'a2345678901234567890123'])(
    'takes an extension called %s',
    (name) => {
      const decoded = eventOf(http({ [`ce-${name}`]: 'x' }));
      expect([...decoded.attributes]).toEqual([[name, 'x']]);
    },
  );

  it('ignores ce-datacontenttype where it repeats Content-Type', () => {
    const headers = { 'ce-datacontenttype': 'text/plain', 'Content-Type': 'text/plain' };
    const decoded = eventOf(http(headers));
    expect(decoded.datacontenttype).toBe('text/plain');
    expect(decoded.attributes.size).toBe(0);
  });

  it.each([{ 'Content-Type': 'application/json' }, {}])(
    'refuses ce-datacontenttype that differs from Content-Type in %o',
    (headers) => {
      const message = http({ ...headers, 'ce-datacontenttype': 'text/plain' });
      expect(faults(message)).toEqual(['datacontenttype']);
    },
  );

  it('refuses two Content-Type headers that differ, and takes two that do not', () => {
    const twice = (second: string) =>
      decodeHttp([...raw(required), 'Content-Type', 'a/b', 'content-type', second], bytes(''));
    expect(faults(twice('c/d'))).toEqual(['datacontenttype']);
    expect(eventOf(twice('a/b')).datacontenttype).toBe('a/b');
    const envelope = ['Content-Type', 'application/cloudevents', 'Content-Type', 'a/b'];
    expect(faults(decodeHttp(envelope, bytes(body())))).toEqual(['']);
  });

  it('never reads secondary headers as attributes', () => {
    expect(eventOf(http({ traceparent: '00-1', 'Ce-Traceparent': '00-2' })).attributes).toEqual(
      new Map([['traceparent', '00-2']]),
    );
  });

  it('shortens what it quotes', () => {
    const message = http({ 'ce-specversion': 'x'.repeat(5000), 'ce-source': ' '.repeat(5000) });
    expect(reasons(message).length).toBeLessThan(400);
  });

  it('ends a list of faults that has no end', () => {
    const many = Array.from({ length: 500 }, (_, index) => [`ce-a_${index}`, 'x']).flat();
    const message = decodeHttp([...raw(required), ...many], bytes(''));
    expect(faults(message)).toHaveLength(101);
    expect(reasons(message)).toContain('400 more faults');
  });
});

describe('0.3 in binary mode', () => {
  const encoded = (encoding: string, payload: string, version = '0.3') =>
    http({ 'ce-specversion': version, 'ce-datacontentencoding': encoding }, bytes(payload));

  it.each(['base64', 'BASE64'])('undoes datacontentencoding %s', (encoding) => {
    const decoded = eventOf(encoded(encoding, 'aGk='));
    expect(text(decoded.data)).toBe('hi');
    expect(decoded.attributes.size).toBe(0);
  });

  it('takes base64 in lines, as RFC 2045 writes it', () => {
    expect(text(eventOf(encoded('base64', 'aGVs\r\nbG8=\r\n')).data)).toBe('hello');
  });

  it('refuses damaged base64 and other encodings', () => {
    expect(faults(encoded('base64', 'aGk'))).toEqual(['data']);
    expect(faults(encoded('quoted-printable', 'x'))).toEqual(['datacontentencoding']);
  });

  it('leaves datacontentencoding to extensions in 1.0', () => {
    const decoded = eventOf(encoded('base64', 'aGk=', '1.0'));
    expect(text(decoded.data)).toBe('aGk=');
    expect([...decoded.attributes]).toEqual([['datacontentencoding', 'base64']]);
  });
});

describe('encoding', () => {
  it('writes binary mode: percent-encoded attributes, the very data', () => {
    const data = bytes('{"a":1}');
    const attributes = { subject: 'Euro € 😀', n: -3, flag: true };
    const encoded = encodeHttp(
      event({ datacontenttype: 'application/json', attributes, data }),
      'binary',
    );
    expect(encoded.headers).toEqual({
      ...required,
      'ce-subject': 'Euro%20%E2%82%AC%20%F0%9F%98%80',
      'ce-n': '-3',
      'ce-flag': 'true',
      'content-type': 'application/json',
    });
    expect(encoded.body).toBe(data);
  });

  it('invents nothing: no content type, no time, no body', () => {
    expect(encodeHttp(event(), 'binary')).toEqual({ headers: required, body: undefined });
  });

  it('writes structured mode and batches under their own content types', () => {
    const single = encodeHttp(event(), 'structured');
    expect(single.headers).toEqual({
      'content-type': 'application/cloudevents+json; charset=utf-8',
    });
    expect(text(single.body)).toBe(body());
    const batch = encodeHttpBatch([event(), event()]);
    expect(batch.headers).toEqual({
      'content-type': 'application/cloudevents-batch+json; charset=utf-8',
    });
    expect(text(batch.body)).toBe(`[${body()},${body()}]`);
    expect(text(encodeHttpBatch([]).body)).toBe('[]');
  });
});
