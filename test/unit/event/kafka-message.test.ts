/** Kafka binding 1.0.2: which records are events, in which mode, and what they say. */

import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { decodeKafka, encodeKafka } from '../../../src/event/kafka-message.ts';
import { body, bytes, event, eventOf, faults, kafka, reasons, text } from './messages.ts';

const structuredHeaders = { 'content-type': 'application/cloudevents+json' };

describe('what is an event', () => {
  it.each([
    ['no headers', undefined],
    ['an empty header set', {}],
    ['a raw payload', { 'content-type': Buffer.from('application/json'), 'Seldon-Puid': 'p' }],
    ['only an extension', { ce_myext: 'x' }],
    ['HTTP spelling', { 'ce-id': '1', 'ce-type': 't' }],
    ['attributes without values', { ce_id: undefined }],
  ])('is none: %s', (_, headers) => {
    expect(decodeKafka(headers, bytes('{}'))).toEqual({ kind: 'none' });
  });

  it.each(['specversion', 'id', 'source', 'type'])('ce_%s alone makes it one', (name) => {
    const message = decodeKafka({ [`ce_${name}`]: '1.0' }, null);
    expect(faults(message)).toHaveLength(3);
    expect(faults(message)).not.toContain(name);
    expect(reasons(message)).toContain('send the header ce_');
  });

  it.each([
    ['content-type', 'application/cloudevents+json'],
    ['Content-Type', 'Application/CloudEvents+json; charset=UTF-8'],
    ['CONTENT-TYPE', 'application/cloudevents'],
  ])('is structured: %s: %s', (name, value) => {
    const message = decodeKafka({ [name]: Buffer.from(value), ce_id: 'ignored' }, bytes(body()));
    expect(message).toMatchObject({ kind: 'event', mode: 'structured', event: { id: '1' } });
  });

  it.each([
    ['a batch', 'application/cloudevents-batch+json', 'no batched mode'],
    ['another format', 'application/cloudevents+avro', 'not supported'],
    ['another charset', 'application/cloudevents+json; charset=latin1', 'charset'],
  ])('refuses %s', (_, contentType, reason) => {
    const message = decodeKafka({ 'content-type': contentType }, bytes('[]'));
    expect(faults(message)).toEqual(['']);
    expect(reasons(message)).toContain(reason);
  });

  it('refuses a structured record without a value, or with an empty one', () => {
    expect(faults(decodeKafka(structuredHeaders, null))).toEqual(['']);
    expect(faults(decodeKafka(structuredHeaders, bytes('')))).toEqual(['']);
  });
});

describe('binary mode', () => {
  it('takes headers as buffers, as strings and as lists of one', () => {
    const headers = {
      ce_specversion: Buffer.from('1.0'),
      ce_id: ['é€😀%20"'],
      ce_source: [Buffer.from('/s')],
      ce_type: 't',
      ce_myext: new Uint8Array([0xc3, 0xa9]),
      'content-type': [Buffer.from('text/plain')],
    };
    const decoded = eventOf(decodeKafka(headers, bytes('x')));
    expect(decoded).toEqual({
      ...event({ id: 'é€😀%20"', datacontenttype: 'text/plain', attributes: { myext: 'é' } }),
      data: bytes('x'),
    });
  });

  it('keeps the very value, an empty one apart from none', () => {
    const value = bytes('{"a":1}');
    expect(eventOf(kafka({}, value)).data).toBe(value);
    expect(eventOf(kafka({}, bytes(''))).data).toHaveLength(0);
    expect(eventOf(kafka({}, null)).data).toBeUndefined();
  });

  it('refuses header values that are not UTF-8, once each', () => {
    const bad = new Uint8Array([0xc0, 0xa0]);
    expect(faults(kafka({ ce_id: bad, ce_myext: bad }))).toEqual(['id', 'myext']);
    expect(faults(kafka({ 'content-type': bad }))).toEqual(['datacontenttype']);
  });

  it('refuses a header given twice', () => {
    const headers = { ce_specversion: '1.0', ce_id: ['1', '1'], ce_source: '/s', ce_type: 't' };
    expect(faults(decodeKafka(headers, null))).toEqual(['id']);
    expect(faults(kafka({ 'content-type': 'a/b', 'Content-Type': 'c/d' }))).toEqual([
      'datacontenttype',
    ]);
    const envelopes = { 'content-type': ['application/cloudevents', 'a/b'] };
    expect(faults(decodeKafka(envelopes, bytes(body())))).toEqual(['']);
  });

  it.each(['ce_Myext', 'ce_my-ext', 'ce_', 'ce_data', 'ce___proto__'])(
    'refuses the attribute name of %s',
    (name) => {
      expect(faults(kafka({ [name]: 'x' }))).toEqual([name.slice(3)]);
    },
  );

  it('refuses ce_datacontenttype unless it repeats content-type', () => {
    expect(faults(kafka({ ce_datacontenttype: 'a/b' }))).toEqual(['datacontenttype']);
    expect(faults(kafka({ ce_datacontenttype: 'a/b', 'content-type': 'c/d' }))).toEqual([
      'datacontenttype',
    ]);
    const same = kafka({ ce_datacontenttype: 'a/b', 'content-type': 'a/b' });
    expect(eventOf(same).datacontenttype).toBe('a/b');
  });

  it('undoes base64 of 0.3', () => {
    const headers = { ce_specversion: '0.3', ce_datacontentencoding: 'base64' };
    expect(text(eventOf(kafka(headers, bytes('aGk='))).data)).toBe('hi');
    expect(eventOf(kafka(headers, null)).data).toBeUndefined();
  });

  it('passes over a header that is null', () => {
    const headers = { ce_myext: null } as unknown as Record<string, string>;
    expect(eventOf(kafka(headers)).attributes.size).toBe(0);
  });
});

describe('encoding', () => {
  it('writes binary mode: plain UTF-8 headers and nothing undefined', () => {
    const data = bytes('{}');
    const attributes = { subject: 'Euro € "20%"', n: 5 };
    const encoded = encodeKafka(event({ datacontenttype: 'a/json', attributes, data }), 'binary');
    expect(encoded.headers).toEqual({
      ce_specversion: '1.0',
      ce_id: '1',
      ce_source: '/s',
      ce_type: 't',
      ce_subject: 'Euro € "20%"',
      ce_n: '5',
      'content-type': 'a/json',
    });
    expect(encoded.value).toBe(data);
  });

  it('writes a tombstone for no data in binary mode, never in structured mode', () => {
    expect(encodeKafka(event(), 'binary').value).toBeNull();
    const structured = encodeKafka(event(), 'structured');
    expect(structured.headers).toEqual({
      'content-type': 'application/cloudevents+json; charset=utf-8',
    });
    expect(text(structured.value ?? undefined)).toBe(body());
  });

  it('keeps partitionkey where it is and adds none', () => {
    const encoded = encodeKafka(event({ attributes: { partitionkey: 'k' } }), 'binary');
    expect(encoded.headers['ce_partitionkey']).toBe('k');
    expect(encodeKafka(event(), 'binary').headers).not.toHaveProperty('ce_partitionkey');
  });
});
