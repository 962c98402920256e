import { describe, expect, test } from 'vitest';
import { decodeHttp } from '../../../src/event/http-message.ts';
import { decodeKafka } from '../../../src/event/kafka-message.ts';
import {
  createMessages,
  encodeRecord,
  encodeRequest,
  type MessageOptions,
  renderKey,
} from '../../../src/produce/message.ts';

const payload = Buffer.from('{"data" : {"ndarray":[[1,2,{n}]]}}');

function messages(options: Partial<MessageOptions> = {}) {
  let ids = 0;
  const newId = () => {
    ids += 1;
    return `id-${ids}`;
  };
  const defaults = { form: 'binary' as const, payload, key: undefined, type: 't', source: 's' };
  return createMessages({ ...defaults, ...options }, { newId, wallClock: () => 0 });
}

const event = {
  specversion: '1.0',
  id: 'id-1',
  source: 's',
  type: 't',
  datacontenttype: 'application/json',
  attributes: new Map([['time', '1970-01-01T00:00:00.000Z']]),
};

describe.each(['binary', 'structured'] as const)('a message in %s mode', (form) => {
  test('is a CloudEvent 1.0 as a record and as a request', () => {
    const message = messages({ form })();
    const { headers, value } = encodeRecord(message);
    const record = decodeKafka(headers, value);
    expect(record).toMatchObject({ kind: 'event', mode: form, event });
    const request = encodeRequest(message);
    const http = decodeHttp(Object.entries(request.headers).flat(), request.body ?? Buffer.of());
    expect(http).toMatchObject({ kind: 'event', mode: form, event });
    const sent = http.kind === 'event' ? http.event.data : undefined;
    if (form === 'binary') expect(Buffer.from(sent ?? [])).toEqual(payload);
  });
});

test('each message has an id and a number of its own', () => {
  const next = messages();
  expect([next(), next()].map(({ label, number }) => [label, number])).toEqual([
    ['id-1', 1],
    ['id-2', 2],
  ]);
});

test('a raw message is the payload alone, called by its number', () => {
  const message = messages({ form: 'raw' })();
  expect(message.label).toBe('#1');
  expect(encodeRecord(message)).toEqual({ headers: {}, value: payload });
  expect(encodeRequest(message)).toEqual({
    headers: { 'content-type': 'application/json' },
    body: payload,
  });
});

test('the payload is sent byte for byte, whatever stands in it', () => {
  expect(encodeRecord(messages()()).value).toEqual(payload);
});

test('a key has the running number in it, or its remainder; without a template there is none', () => {
  const next = messages({ key: 'k{n%2}' });
  expect([next(), next(), next()].map(({ key }) => key)).toEqual(['k1', 'k0', 'k1']);
  expect(messages()().key).toBeUndefined();
  expect(renderKey('{n}-{n%3}-{m}', 7)).toBe('7-1-{m}');
});
