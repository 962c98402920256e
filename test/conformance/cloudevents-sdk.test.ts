/**
 * Our codecs against the world's: the vectors of cloudevents/conformance, the cloudevents SDK as a
 * peer where it is right, and each of its known defects as a case that ours gets right
 * (field-notes.md §4.5). Where the SDK is seen to misbehave still, `sdk` says so: should such an
 * assertion fail after an update, the defect is mended there, and nothing is wrong here.
 */

import { Buffer } from 'node:buffer';
import { CloudEvent, type CloudEventV1, HTTP, Kafka, type KafkaEvent } from 'cloudevents';
import { describe, expect, it } from 'vitest';
import type { AttributeValue, Event } from '../../src/event/event.ts';
import { decodeHttp, encodeHttp, type HttpMessage } from '../../src/event/http-message.ts';
import { decodeKafka, encodeKafka, type KafkaHeaders } from '../../src/event/kafka-message.ts';

type Headers = Record<string, string>;

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const text = (data: Uint8Array | null | undefined): string | undefined =>
  data === undefined || data === null ? undefined : Buffer.from(data).toString('utf8');
const http = (headers: Headers, body = ''): HttpMessage =>
  decodeHttp(Object.entries(headers).flat(), bytes(body));

function eventOf(message: HttpMessage): Event {
  if (message.kind !== 'event') throw new Error(`no event: ${JSON.stringify(message)}`);
  return message.event;
}

function faults(message: HttpMessage): string[] {
  if (message.kind !== 'refused') throw new Error(`not refused: ${JSON.stringify(message)}`);
  return message.problems.map(({ where }) => where);
}

const ours = (parts: Partial<Event> & { extra?: Record<string, AttributeValue> } = {}): Event => {
  const { extra = {}, ...rest } = parts;
  return {
    specversion: '1.0',
    id: '1234-1234-1234',
    source: '/mycontext/subcontext',
    type: 'com.example.someevent',
    datacontenttype: undefined,
    data: undefined,
    ...rest,
    attributes: new Map<string, AttributeValue>([
      ['time', '2018-04-05T03:56:24.000Z'],
      ...Object.entries(extra),
    ]),
  };
};

const required: Headers = {
  'ce-specversion': '1.0',
  'ce-id': '1',
  'ce-source': '/s',
  'ce-type': 't',
};
const members = '"specversion":"1.0","id":"1","source":"/s","type":"t"';
const kafkaRequired: Headers = {
  ce_specversion: '1.0',
  ce_id: '1',
  ce_source: '/s',
  ce_type: 't',
};
const envelope = { 'content-type': 'application/cloudevents+json' };

/** What the SDK makes of a message. */
const sdkEvent = (headers: Headers, body: unknown = ''): CloudEventV1<unknown> => {
  const event = HTTP.toEvent({ headers, body });
  if (Array.isArray(event)) throw new Error('a batch');
  return event;
};

/** HTTP has strings only. */
const onTheWire = (headers: object): Headers =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

const attributesOf = (event: Event) => ({
  specversion: event.specversion,
  id: event.id,
  source: event.source,
  type: event.type,
  datacontenttype: event.datacontenttype,
  ...Object.fromEntries(event.attributes),
});

describe('cloudevents/conformance, features/*.feature', () => {
  const attributes = {
    id: '1234-1234-1234',
    specversion: '1.0',
    type: 'com.example.someevent',
    source: '/mycontext/subcontext',
    time: '2018-04-05T03:56:24Z',
  };
  const payload = '{\n    "message": "Hello World!"\n}';
  const structuredBody = `{
    "specversion": "1.0",
    "type": "com.example.someevent",
    "time": "2018-04-05T03:56:24Z",
    "id": "1234-1234-1234",
    "source": "/mycontext/subcontext",
    "datacontenttype": "application/json",
    "data": {
        "message": "Hello World!"
    }
}`;
  const expectVector = (message: HttpMessage, datacontenttype: string) => {
    const event = eventOf(message);
    expect(attributesOf(event)).toEqual({ ...attributes, datacontenttype });
    expect(JSON.parse(text(event.data) ?? '')).toEqual({ message: 'Hello World!' });
  };
  const prefixed = (prefix: string): Headers =>
    Object.fromEntries(Object.entries(attributes).map(([name, value]) => [prefix + name, value]));
  const structuredTypes = [
    'application/cloudevents+json',
    'application/cloudevents+json; charset=utf-8',
  ];

  it.each(['application/json', 'application/json; charset=utf-8'])(
    'HTTP: binary content mode (%s)',
    (contentType) => {
      const headers = { Host: 'example.com', ...prefixed('ce-'), 'Content-Type': contentType };
      expectVector(http(headers, payload), contentType);
    },
  );

  it.each(structuredTypes)('HTTP: structured content mode (%s)', (contentType) => {
    const headers = { Host: 'example.com', 'Content-Type': contentType };
    expectVector(http(headers, structuredBody), 'application/json');
  });

  it('Kafka: binary content mode', () => {
    const headers = { ...prefixed('ce_'), 'content-type': 'application/json' };
    expectVector(decodeKafka(headers, bytes(payload)), 'application/json');
  });

  it.each(structuredTypes)('Kafka: structured content mode (%s)', (contentType) => {
    const headers = { 'content-type': Buffer.from(contentType) };
    expectVector(decodeKafka(headers, bytes(structuredBody)), 'application/json');
  });
});

describe('cloudevents/conformance, format/json', () => {
  const minimal = {
    specversion: '1.0',
    id: 'x',
    type: 'io.cloudevents.test',
    source: 'https://cloudevents.io',
  };
  const decode = (event: object) => http(envelope, JSON.stringify(event));
  const core = { dataschema: 'https://cloudevents.io/dataschema', subject: 'tests' };

  it.each([
    ['minimal', {}],
    ['null for all optional', { datacontenttype: null, dataschema: null, subject: null }],
    [
      'all core attributes',
      { ...core, datacontenttype: 'text/plain', time: '2018-04-05T17:31:00Z' },
    ],
    ['time to nanoseconds', { time: '2018-04-05T17:31:00.000000000Z' }],
    ['positive offset', { time: '2018-04-05T18:31:00+01:00' }],
    ['negative offset', { time: '2018-04-05T16:31:00-01:00' }],
    ['relative source', { source: '#fragment' }],
    ['simple text', { datacontenttype: 'text/plain', data: 'Simple text' }],
    ['all extension types', { extinteger: 10, extboolean: true, exturiref: '//authority/path' }],
  ])('valid: %s', (_, more) => {
    expect(decode({ ...minimal, ...more })).toMatchObject({ kind: 'event' });
  });

  it.each([
    ['specversion', { specversion: undefined }],
    ['id', { id: undefined }],
    ['type', { type: undefined }],
    ['source', { source: undefined }],
    ['time', { time: 'lunchtime' }],
    ['time', { time: '2018-04-05T18:31Z' }],
    ['time', { time: '2018-04-05T18:31:00X' }],
    ['time', { time: '2018-04-05T18:31:00+25:00' }],
    ['time', { time: '2018-04-05T18:31:00+05' }],
    ['id', { id: '' }],
    ['type', { type: '' }],
    ['source', { source: '' }],
    ['specversion', { specversion: '' }],
    ['specversion', { specversion: '0.9' }],
    ['datacontenttype', { datacontenttype: 'xyz' }],
    ['datacontenttype', { datacontenttype: '' }],
    ['dataschema', { dataschema: '' }],
    ['subject', { subject: '' }],
    ['id', { id: 25 }],
    ['id', { id: { xyz: 'abc' } }],
    ['MyExtension', { MyExtension: 'bad' }],
    ['my.extension', { 'my.extension': 'bad' }],
    ['ext', { ext: 1.5 }],
    ['data', { data: 'text', data_base64: 'eyAieHl6IjogMTIzIH0=' }],
  ])('invalid: %s in %o', (name, more) => {
    expect(faults(decode({ ...minimal, ...more }))).toEqual([name]);
  });
});

describe('interoperation with the SDK over HTTP', () => {
  const json = ours({ datacontenttype: 'application/json', data: bytes('{"a":[1,"é"]}') });

  it.each(['binary', 'structured'] as const)('it reads our %s events', (mode) => {
    const { headers, body } = encodeHttp({ ...json, attributes: ours({ extra }).attributes }, mode);
    const theirs = sdkEvent(headers, text(body));
    expect(theirs).toMatchObject({
      id: json.id,
      source: json.source,
      type: json.type,
      specversion: '1.0',
      time: '2018-04-05T03:56:24.000Z',
      datacontenttype: 'application/json',
      subject: 'flower/5',
      myext: 'x',
      data: { a: [1, 'é'] },
    });
  });
  const extra = { subject: 'flower/5', myext: 'x' };

  it('it reads our 0.3 events', () => {
    const { headers, body } = encodeHttp({ ...json, specversion: '0.3' }, 'structured');
    expect(sdkEvent(headers, text(body))).toMatchObject({
      specversion: '0.3',
      data: { a: [1, 'é'] },
    });
  });

  const theirs = new CloudEvent({
    id: '1',
    source: '/s',
    type: 't',
    time: '2018-04-05T03:56:24.000Z',
    subject: 'flower/5',
    datacontenttype: 'application/json',
    myext: 'x',
    count: 5,
    data: { a: [1, 'é'] },
  });

  it.each(['binary', 'structured'] as const)('we read its %s events', (mode) => {
    const { headers, body } = HTTP[mode](theirs);
    const event = eventOf(http(onTheWire(headers), String(body)));
    expect(attributesOf(event)).toEqual({
      specversion: '1.0',
      id: '1',
      source: '/s',
      type: 't',
      time: '2018-04-05T03:56:24.000Z',
      subject: 'flower/5',
      datacontenttype: 'application/json',
      myext: 'x',
      count: mode === 'binary' ? '5' : 5,
    });
    expect(text(event.data)).toBe('{"a":[1,"é"]}');
  });

  it('we read its binary data out of a structured event', () => {
    const data = new Uint8Array([1, 2, 255]);
    const { headers, body } = HTTP.structured(theirs.cloneWith({ data }));
    const event = eventOf(http(onTheWire(headers), String(body)));
    expect(Buffer.from(event.data ?? [])).toEqual(Buffer.from(data));
  });
});

describe('interoperation with the SDK over Kafka', () => {
  const event = ours({ datacontenttype: 'application/json', data: bytes('{"a":1}') });
  // The SDK wants strings where kafkajs gives buffers (defect 19).
  const sdkRead = (headers: Headers, value: unknown) =>
    Kafka.toEvent({ headers, value, body: value, key: undefined, timestamp: undefined } as never);

  it.each(['binary', 'structured'] as const)('it reads our %s records', (mode) => {
    const { headers, value } = encodeKafka(event, mode);
    expect(sdkRead(headers, text(value))).toMatchObject({
      id: event.id,
      source: event.source,
      type: event.type,
      data: { a: 1 },
    });
  });

  const theirs = new CloudEvent<string>({
    id: '1',
    source: '/s',
    type: 't',
    time: '2018-04-05T03:56:24.000Z',
    datacontenttype: 'application/json',
    data: '{"a":1}',
  });

  it.each(['binary', 'structured'] as const)('we read its %s records', (mode) => {
    const { headers, value } = Kafka[mode](theirs);
    const decoded = eventOf(decodeKafka(headers as KafkaHeaders, bytes(String(value))));
    expect(attributesOf(decoded)).toMatchObject({ id: '1', source: '/s', type: 't' });
    expect(decoded.attributes.get('time')).toBe('2018-04-05T03:56:24.000Z');
    // Its structured event carries the string as a JSON string, as it should.
    expect(text(decoded.data)).toBe(mode === 'binary' ? '{"a":1}' : '"{\\"a\\":1}"');
  });
});

describe('HTTP in: what the SDK gets wrong', () => {
  it.each([
    'application/json;charset=utf-8',
    'application/json; charset=UTF-8',
    'Application/JSON',
    'application/vnd.x+json',
  ])('SDK defect 1: %s is JSON', (datacontenttype) => {
    const data = '{"a" : 1.0}';
    expect(text(eventOf(http({ ...required, 'content-type': datacontenttype }, data)).data)).toBe(
      data,
    );
    const body = `{${members},"datacontenttype":"${datacontenttype}","data":${data}}`;
    expect(text(eventOf(http(envelope, body)).data)).toBe(data);
    // Embedded as JSON, not as a string or as base64.
    const sent = ours({ datacontenttype, data: bytes(data) });
    expect(text(encodeHttp(sent, 'structured').body)).toContain(`"data":${data}}`);
    // sdk
    expect(sdkEvent({ ...required, 'content-type': datacontenttype }, data).data).toBe(data);
  });

  it.each([
    'application/cloudevents+json; charset=UTF-8',
    'application/cloudevents+json;charset=utf-8',
    'Application/CloudEvents+JSON',
  ])('SDK defect 2: %s is structured mode', (contentType) => {
    expect(eventOf(http({ 'Content-Type': contentType }, `{${members}}`)).id).toBe('1');
    // sdk
    expect(() => sdkEvent({ 'content-type': contentType }, `{${members}}`)).toThrow();
  });

  it('SDK defect 3: a JSON body may begin with white space', () => {
    const json = { ...required, 'content-type': 'application/json' };
    expect(text(eventOf(http(json, ' \n{"a":1}')).data)).toBe(' \n{"a":1}');
    expect(eventOf(http(envelope, `\n {${members}}`)).id).toBe('1');
    // sdk
    expect(() => sdkEvent(json, ' \n{"a":1}')).toThrow(SyntaxError);
  });

  it.each(['123', 'null'])('SDK defect 4: the JSON body %s is no string', (body) => {
    const json = { ...required, 'content-type': 'application/json' };
    expect(text(eventOf(http(json, body)).data)).toBe(body);
    const sent = ours({ datacontenttype: 'application/json', data: bytes(body) });
    expect(text(encodeHttp(sent, 'structured').body)).toContain(`"data":${body}}`);
    // sdk
    expect(sdkEvent(json, body).data).toBe(body);
  });

  it('SDK defect 5: header values are percent-decoded', () => {
    const headers = { ...required, 'ce-subject': 'Euro%20%e2%82%ac%20%F0%9F%98%80' };
    expect(eventOf(http(headers)).attributes.get('subject')).toBe('Euro € 😀');
    // sdk
    expect(sdkEvent(headers).subject).toBe(headers['ce-subject']);
  });

  it('SDK defect 6: what is missing is refused, and never invented', () => {
    const { 'ce-type': _type, 'ce-source': _source, ...incomplete } = required;
    expect(faults(http(incomplete))).toEqual(['source', 'type']);
    expect(faults(http(envelope, '{"source":"/s","type":"t"}'))).toEqual(['specversion', 'id']);
    // sdk
    expect(sdkEvent(incomplete).type).toBeUndefined();
    expect(sdkEvent(envelope, '{"source":"/s","type":"t"}').id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('SDK defect 7: 0.3 is validated, and other versions are refused', () => {
    expect(faults(http({ 'ce-specversion': '0.3', 'ce-id': '1' }))).toEqual(['source', 'type']);
    expect(faults(http({ ...required, 'ce-specversion': '2.0' }))).toEqual(['specversion']);
    // sdk
    const unvalidated = new CloudEvent({ specversion: '0.3', id: '1' } as never, false);
    expect(unvalidated.validate()).toBe(false);
  });

  it('SDK defect 8: a bad time is refused, none stays none, and precision and offset are kept', () => {
    const time = '2018-04-05T18:31:00.123456789+01:00';
    expect(faults(http({ ...required, 'ce-time': 'lunchtime' }))).toEqual(['time']);
    expect(eventOf(http(required)).attributes.has('time')).toBe(false);
    expect(eventOf(http({ ...required, 'ce-time': time })).attributes.get('time')).toBe(time);
    // sdk
    expect(sdkEvent(required).time).toBeTypeOf('string');
    expect(sdkEvent({ ...required, 'ce-time': time }).time).toBe('2018-04-05T17:31:00.123Z');
  });

  it('SDK defect 9: data_base64 gives as many bytes as it holds', () => {
    const body = `{${members},"datacontenttype":"a/b","data_base64":"AQIDBAU="}`;
    const event = eventOf(http(envelope, body));
    expect([...(event.data ?? [])]).toEqual([1, 2, 3, 4, 5]);
    expect(encodeHttp(event, 'binary').body).toHaveLength(5);
    // sdk
    expect(sdkEvent(envelope, body).data).toBeInstanceOf(Uint32Array);
  });

  it.each(['0', 'false', '""'])('SDK defect 10: the data %s are not lost', (data) => {
    const body = `{${members},"data":${data}}`;
    expect(text(eventOf(http(envelope, body)).data)).toBe(data);
    // sdk
    expect(sdkEvent(envelope, body).data).toBeUndefined();
  });

  it('SDK defect 11: ce-datacontenttype never overrides Content-Type', () => {
    const headers = { ...required, 'content-type': 'text/plain', 'ce-datacontenttype': 'a/b' };
    expect(faults(http(headers))).toEqual(['datacontenttype']);
  });

  it('SDK defect 12: extensions are read in any case of their headers', () => {
    const headers = { ...required, 'Ce-Myext': 'x', 'CE-OTHER': 'y' };
    expect([...eventOf(http(headers)).attributes]).toEqual([
      ['myext', 'x'],
      ['other', 'y'],
    ]);
    // sdk
    expect(sdkEvent(headers)['myext']).toBeUndefined();
  });

  it('SDK defect 13: one bad event does not reject its batch', () => {
    const contentType = 'application/cloudevents-batch+json';
    const body = `[{${members}},{"id":"2"},{${members}}]`;
    const batch = http({ 'content-type': contentType }, body);
    const kinds = batch.kind === 'batch' ? batch.events.map(({ kind }) => kind) : [];
    expect(kinds).toEqual(['event', 'refused', 'event']);
    // sdk
    expect(() => HTTP.toEvent({ headers: { 'content-type': contentType }, body })).toThrow();
  });

  it.each(['validate', 'tostring', 'constructor'])(
    'SDK defect 14: an extension called %s harms nothing',
    (name) => {
      const event = eventOf(http({ ...required, [`ce-${name}`]: 'x' }));
      expect(event.attributes.get(name)).toBe('x');
      const { headers } = encodeHttp(event, 'binary');
      expect(headers[`ce-${name}`]).toBe('x');
    },
  );

  it('SDK defect 14: a name with capitals, such as toString, is refused', () => {
    expect(faults(http(envelope, `{${members},"toString":"x"}`))).toEqual(['toString']);
    // sdk
    const shadowed: { validate: unknown } = sdkEvent({ ...required, 'ce-validate': 'x' }) as never;
    expect(shadowed.validate).toBe('x');
  });
});

describe('HTTP out: what the SDK gets wrong', () => {
  it('SDK defect 15: attributes are percent-encoded, so that any client takes them', () => {
    const { headers } = encodeHttp(ours({ extra: { subject: 'Euro € 😀' } }), 'binary');
    expect(headers['ce-subject']).toBe('Euro%20%E2%82%AC%20%F0%9F%98%80');
    expect(() => new Request('http://a/', { headers })).not.toThrow();
    // sdk
    const theirs = new CloudEvent({ source: '/s', type: 't', subject: 'Euro €' });
    expect(HTTP.binary(theirs).headers['ce-subject']).toBe('Euro €');
  });

  it('SDK defect 16: no content type is invented', () => {
    const { headers, body } = encodeHttp(ours({ data: bytes('hello') }), 'binary');
    expect(headers).not.toHaveProperty('content-type');
    expect(text(body)).toBe('hello');
    // sdk
    const theirs = HTTP.binary(new CloudEvent({ source: '/s', type: 't', data: 'hello' }));
    expect(theirs.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it('SDK defect 17: a JSON string keeps its quotes', () => {
    const event = eventOf(http(envelope, `{${members},"data":"I'm just a string"}`));
    const { headers, body } = encodeHttp(event, 'binary');
    expect(headers['content-type']).toBe('application/json');
    expect(text(body)).toBe('"I\'m just a string"');
    // sdk
    expect(HTTP.binary(new CloudEvent({ source: '/s', type: 't', data: 'x' })).body).toBe('x');
  });

  it('SDK defect 18: floats and objects are refused as attributes, by name', () => {
    const body = `{${members},"f":1.5,"o":{"a":1},"n":5}`;
    expect(faults(http(envelope, body))).toEqual(['f', 'o']);
    // sdk
    expect(new CloudEvent({ source: '/s', type: 't', o: { a: 1 } })['o']).toEqual({ a: 1 });
  });
});

describe('Kafka: what the SDK gets wrong', () => {
  const value = Buffer.from('{"a":1}');
  const buffers = (headers: Headers): Record<string, Buffer> =>
    Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]));
  const sdkRead = (message: object): KafkaEvent<unknown> =>
    Kafka.toEvent({ body: undefined, ...message } as never) as KafkaEvent<unknown>;

  it('SDK defect 19: header values are buffers, as kafkajs gives them', () => {
    const headers = buffers({ ...kafkaRequired, 'content-type': 'application/json' });
    const event = eventOf(decodeKafka(headers, value));
    expect(event).toMatchObject({ id: '1', source: '/s', datacontenttype: 'application/json' });
    // sdk
    expect(() => sdkRead({ headers, value })).toThrow(TypeError);
  });

  it('SDK defect 20: a record without a value is an event without data', () => {
    expect(eventOf(decodeKafka(kafkaRequired, null)).data).toBeUndefined();
    // sdk
    expect(() => sdkRead({ headers: kafkaRequired, value: null })).toThrow('null or undefined');
  });

  it('SDK defect 21: time is optional, and a bad one is a named fault', () => {
    expect(eventOf(decodeKafka(envelope, bytes(`{${members}}`))).id).toBe('1');
    expect(faults(decodeKafka({ ...kafkaRequired, ce_time: 'x' }, null))).toEqual(['time']);
    // sdk
    expect(() => sdkRead({ headers: envelope, value: `{${members}}` })).toThrow(RangeError);
  });

  it("SDK defect 22: partitionkey is the event's own", () => {
    const headers = { ...kafkaRequired, ce_partitionkey: 'mine' };
    expect(eventOf(decodeKafka(headers, value)).attributes.get('partitionkey')).toBe('mine');
    expect(eventOf(decodeKafka(kafkaRequired, value)).attributes.has('partitionkey')).toBe(false);
    // sdk
    expect(sdkRead({ headers, value: 'x', key: 'other' })['partitionkey']).toBe('other');
  });

  it('SDK defect 23: what is written are strings and bytes, and nothing undefined', () => {
    const sent = ours({ datacontenttype: 'application/json', data: value });
    const record = encodeKafka(sent, 'binary');
    expect(Object.values(record.headers).every((header) => typeof header === 'string')).toBe(true);
    expect(record.headers).not.toHaveProperty('ce_datacontenttype');
    expect(record.value).toBe(value);
    // sdk
    const theirs = Kafka.binary(new CloudEvent({ source: '/s', type: 't', data: { a: 1 } }));
    expect(Object.values(theirs.headers)).toContain(undefined);
    expect(theirs.value).toEqual({ a: 1 });
  });

  it.each(['application/vnd.x+json', 'Application/JSON'])(
    'SDK defect 24: %s is JSON in a record too',
    (type) => {
      const headers = buffers({ ...kafkaRequired, 'Content-Type': type });
      const event = eventOf(decodeKafka(headers, value));
      expect(event.datacontenttype).toBe(type);
      expect(text(encodeKafka(event, 'structured').value)).toContain('"data":{"a":1}}');
      // sdk
      const theirs = sdkRead({ headers: { ...kafkaRequired, 'content-type': type }, value });
      expect(theirs.data).toBe(value);
    },
  );
});
