/** Any event survives any mode, version and transport; no input makes a decoder throw. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forbiddenCharacter } from '../../../src/event/attributes.ts';
import type { AttributeValue, Event, SpecVersion } from '../../../src/event/event.ts';
import { decodeHttp, encodeHttp, encodeHttpBatch } from '../../../src/event/http-message.ts';
import { trimSpace } from '../../../src/event/json-text.ts';
import { decodeKafka, encodeKafka, type KafkaHeaders } from '../../../src/event/kafka-message.ts';
import { bytes, raw } from './messages.ts';

const legalText = fc
  .string({ unit: 'binary', maxLength: 20 })
  .filter((value) => forbiddenCharacter(value) === undefined);
const nonEmpty = legalText.filter((value) => value !== '');
const source = fc.constantFrom('/s', 'https://a.b/c?d=%20#e', 'urn:x:y', 'seldon.iris.default');
const extensionName = fc
  .stringMatching(/^[a-z0-9]{1,25}$/)
  .filter((name) => !/^(?:specversion|id|source|type|data.*|time|subject|schemaurl)$/.test(name));
const extensionValue: fc.Arbitrary<AttributeValue> = fc.oneof(
  legalText,
  fc.boolean(),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);
const time = fc.constantFrom('2018-04-05T17:31:00Z', '2018-04-05T18:31:00.123456789+01:00');

const jsonText = fc.json().map((json) => bytes(json));
const payload = fc.oneof(
  fc.record({
    datacontenttype: fc.constantFrom('application/json', 'a/b+json; charset=utf-8', 'Text/JSON'),
    data: fc.oneof(jsonText, fc.uint8Array()),
  }),
  fc.record({
    datacontenttype: fc.constantFrom('text/plain', 'application/xml', 'text/csv; charset=latin1'),
    data: fc.oneof(fc.uint8Array(), fc.string({ unit: 'binary' }).map(bytes)),
  }),
  fc.record({
    datacontenttype: fc.constantFrom(undefined, 'application/octet-stream', 'image/png'),
    data: fc.oneof(fc.uint8Array(), jsonText, fc.constant(undefined)),
  }),
);

const optional = (version: SpecVersion) =>
  fc.record(
    {
      time,
      subject: nonEmpty,
      [version === '1.0' ? 'dataschema' : 'schemaurl']: fc.constant('https://a.b/schema'),
    },
    { requiredKeys: [] },
  );

const entries = (known: object): [string, AttributeValue][] => Object.entries(known);

const anyEvent = (version: SpecVersion): fc.Arbitrary<Event> =>
  fc
    .record({
      id: nonEmpty,
      source,
      type: nonEmpty,
      payload,
      known: optional(version),
      extensions: fc.uniqueArray(fc.tuple(extensionName, extensionValue), {
        selector: ([name]) => name,
        maxLength: 5,
      }),
    })
    .map(({ id, source, type, payload, known, extensions }) => ({
      specversion: version,
      id,
      source,
      type,
      ...payload,
      attributes: new Map([...entries(known), ...extensions]),
    }));

/** Arrays of one kind, so that equality looks at the bytes alone. */
const comparable = (event: Event) => ({
  ...event,
  attributes: [...event.attributes].sort(([a], [b]) => (a < b ? -1 : 1)),
  data: event.data === undefined ? undefined : Buffer.from(event.data).toString('hex'),
});

/** Binary modes have strings only. */
const asStrings = (event: Event): Event => ({
  ...event,
  attributes: new Map([...event.attributes].map(([name, value]) => [name, String(value)])),
});

/** HTTP has no empty data. */
const httpData = ({ data, ...event }: Event): Event => ({
  ...event,
  data: data?.length === 0 ? undefined : data,
});

/** The white space around a JSON text is no part of it once it stands in an envelope. */
function envelopeData(event: Event): Event {
  const { data, datacontenttype } = event;
  if (data === undefined || !/[/+]json/i.test(datacontenttype ?? '')) return event;
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data));
    return { ...event, data: trimSpace(data) };
  } catch {
    return event;
  }
}

const http = ({ headers, body }: ReturnType<typeof encodeHttp>) =>
  decodeHttp(raw(headers), body ?? new Uint8Array());

describe.each(['1.0', '0.3'] as const)('an event of %s comes back from', (version) => {
  const holds = (check: (event: Event) => void) => fc.assert(fc.property(anyEvent(version), check));

  it('HTTP binary mode', () => {
    holds((sent) => {
      const back = http(encodeHttp(sent, 'binary'));
      if (back.kind !== 'event') throw new Error(JSON.stringify(back));
      expect(back.mode).toBe('binary');
      expect(comparable(back.event)).toEqual(comparable(httpData(asStrings(sent))));
    });
  });

  it('HTTP structured mode', () => {
    holds((sent) => {
      const back = http(encodeHttp(sent, 'structured'));
      if (back.kind !== 'event') throw new Error(JSON.stringify(back));
      expect(back.mode).toBe('structured');
      expect(comparable(back.event)).toEqual(comparable(envelopeData(sent)));
    });
  });

  it('an HTTP batch', () => {
    fc.assert(
      fc.property(fc.array(anyEvent(version), { maxLength: 4 }), (sent) => {
        const back = http(encodeHttpBatch(sent));
        if (back.kind !== 'batch') throw new Error(JSON.stringify(back));
        const events = back.events.map((one) => (one.kind === 'event' ? one.event : undefined));
        expect(events.map((one) => one && comparable(one))).toEqual(
          sent.map((one) => comparable(envelopeData(one))),
        );
      }),
    );
  });

  it('Kafka binary mode', () => {
    holds((sent) => {
      const { headers, value } = encodeKafka(sent, 'binary');
      const buffers = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]);
      const back = decodeKafka(Object.fromEntries(buffers), value);
      if (back.kind !== 'event') throw new Error(JSON.stringify(back));
      expect(comparable(back.event)).toEqual(comparable(asStrings(sent)));
    });
  });

  it('Kafka structured mode', () => {
    holds((sent) => {
      const { headers, value } = encodeKafka(sent, 'structured');
      const back = decodeKafka(headers, value);
      if (back.kind !== 'event') throw new Error(JSON.stringify(back));
      expect(comparable(back.event)).toEqual(comparable(envelopeData(sent)));
    });
  });
});

describe('no input makes a decoder throw', () => {
  const headerName = fc.oneof(
    fc.constantFrom('ce-id', 'Ce-Id', 'ce-source', 'ce-type', 'ce-specversion', 'ce-time', 'ce-'),
    fc.constantFrom('Content-Type', 'content-type', 'ce-datacontenttype'),
    fc.constantFrom('ce-datacontentencoding', 'ce-__proto__', 'ce-dataschema', 'ce-schemaurl'),
    fc.string({ maxLength: 12 }),
    fc.string({ maxLength: 8 }).map((name) => `ce-${name}`),
  );
  const envelope = fc.constantFrom(
    'application/cloudevents+json',
    'application/cloudevents-batch+json',
    'application/cloudevents;charset="',
    'application/json',
  );
  const headerValue = fc.oneof(
    fc.constantFrom('1.0', '0.3', '%', '"', '%C3%A9', 'base64', '2018-04-05T17:31:00Z', ''),
    envelope,
    fc.string({ unit: 'binary' }),
  );
  const member = fc.constantFrom(
    ...['"specversion":"1.0"', '"specversion":"0.3"', '"id":"1"', '"id":5', '"source":"/s"'],
    ...['"type":"t"', '"data":{"a":[1,"}"]}', '"data":"x"', '"data_base64":"eA=="', '"x":1e9'],
    ...['"datacontenttype":"text/plain"', '"datacontentencoding":"base64"', '"__proto__":{}'],
    ...['"\\ud800":1', '"a":"\\', '[', '{', '}', ']', ',', '"', '\\'],
  );
  const soup = fc.array(member, { maxLength: 10 }).map((parts) => bytes(`{${parts.join()}}`));
  const anyBody = fc.oneof(fc.uint8Array(), soup, fc.json().map(bytes));
  const kinds = ['event', 'refused', 'batch', 'none'];

  it('HTTP', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(headerName, headerValue)), anyBody, (headers, body) => {
        const message = decodeHttp(headers.flat(), body);
        expect(kinds).toContain(message.kind);
        if (message.kind === 'refused') expect(message.problems).not.toHaveLength(0);
      }),
      { numRuns: 1000 },
    );
    expect(decodeHttp(['ce-id'], bytes(''))).toEqual({ kind: 'none' });
  });

  it('structured and batched bodies', () => {
    fc.assert(
      fc.property(envelope, anyBody, (contentType, body) => {
        const message = decodeHttp(['content-type', contentType], body);
        const decoded = message.kind === 'batch' ? message.events : [message];
        for (const { kind } of decoded) expect(kinds).toContain(kind);
      }),
      { numRuns: 1000 },
    );
  });

  it('Kafka', () => {
    const name = headerName.map((header) => header.replace('ce-', 'ce_'));
    const value = fc.oneof(headerValue, fc.uint8Array(), fc.constant(undefined));
    const values = fc.oneof(value, fc.array(fc.oneof(headerValue, fc.uint8Array())));
    fc.assert(
      fc.property(fc.dictionary(name, values), fc.option(anyBody), (headers, body) => {
        expect(kinds).toContain(decodeKafka(headers as KafkaHeaders, body).kind);
      }),
      { numRuns: 1000 },
    );
  });
});
