/** Whatever bytes and headers come: an event, a refusal with its faults, or none; never a throw. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64 } from '../../../src/event/base64.ts';
import { decodeHttp } from '../../../src/event/http-message.ts';
import { decodeJsonBatch, decodeJsonEvent } from '../../../src/event/json-decode.ts';
import { decodeKafka } from '../../../src/event/kafka-message.ts';
import { envelopeOf, parseMediaType } from '../../../src/event/media-type.ts';
import { isTimestamp } from '../../../src/event/timestamp.ts';
import { uriKind } from '../../../src/event/uri.ts';

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json().map((text) => Buffer.from(text)),
  fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
);
/** Members as they should be, and as they should not. */
const member = fc.oneof(
  fc.constantFrom('1.0', '0.3', '/s', 't', 'application/json'),
  fc.jsonValue(),
);
const names = ['specversion', 'id', 'source', 'type', 'time', 'subject', 'dataschema', 'data'];
const eventLike = fc
  .dictionary(
    fc.oneof(
      fc.constantFrom(
        ...names,
        'data_base64',
        'datacontenttype',
        '__proto__',
        'constructor',
        'ext1',
      ),
      fc.string({ maxLength: 8 }),
    ),
    member,
  )
  .map((value) => Buffer.from(JSON.stringify(value)));
const headerName = fc.oneof(
  fc.constantFrom(...names.map((name) => `ce-${name}`), 'content-type', 'ce-__proto__', 'CE-ID'),
  fc.string({ maxLength: 8 }),
);
const headerValue = fc.oneof(
  fc.constantFrom(
    '1.0',
    'application/cloudevents+json',
    'application/cloudevents-batch+json',
    '%',
    '%zz',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

function expectDecoded(decoded: { readonly kind: string }): void {
  expect(['event', 'batch', 'refused', 'none']).toContain(decoded.kind);
  if (decoded.kind !== 'refused') return;
  const { problems } = decoded as unknown as { problems: unknown[] };
  expect(problems.length).toBeGreaterThan(0);
}

describe('decoding never throws', () => {
  it('on an HTTP message', () => {
    const headers = fc.array(fc.tuple(headerName, headerValue), { maxLength: 10 });
    fc.assert(
      fc.property(headers, fc.oneof(bytes, eventLike), (pairs, body) => {
        expectDecoded(decodeHttp(pairs.flat(), body));
      }),
      { numRuns: 500 },
    );
  });

  it('on a structured event, or a batch of them', () => {
    fc.assert(
      fc.property(fc.oneof(bytes, eventLike), (body) => {
        expectDecoded(decodeJsonEvent(body));
        expectDecoded(decodeJsonBatch(body));
        expectDecoded(decodeJsonBatch(Buffer.concat([Buffer.from('['), body, Buffer.from(']')])));
      }),
      { numRuns: 500 },
    );
  });

  it('on a Kafka record', () => {
    const value = fc.oneof(fc.string(), bytes);
    const headers = fc.dictionary(
      fc.oneof(
        headerName.map((name) => name.replace('ce-', 'ce_')),
        fc.string({ maxLength: 8 }),
      ),
      fc.oneof(value, fc.array(value, { maxLength: 3 })) as fc.Arbitrary<string | Buffer>,
    );
    fc.assert(
      fc.property(
        fc.option(headers, { nil: undefined }),
        fc.option(fc.oneof(bytes, eventLike)),
        (h, v) => {
          expectDecoded(decodeKafka(h, v));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('on a media type, a timestamp, a URI or base64', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.string({
        unit: fc.constantFrom('a', '/', ';', '=', '"', '\\', ' ', '+', ':', '%', '[', ']'),
      }),
      fc.string({ unit: fc.constantFrom('0', '9', '-', ':', 'T', 'Z', '.', '+') }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        parseMediaType(text);
        envelopeOf(text);
        isTimestamp(text);
        uriKind(text);
        decodeBase64(text);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('what was encoded is decoded', () => {
  it('as base64', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (data) => {
        expect(decodeBase64(Buffer.from(data).toString('base64'))).toEqual(Buffer.from(data));
      }),
    );
  });

  it('as a timestamp: every instant that a Date can write', () => {
    const date = fc.date({
      noInvalidDate: true,
      min: new Date('0001-01-01'),
      max: new Date('9999-12-31'),
    });
    fc.assert(fc.property(date, (at) => isTimestamp(at.toISOString())));
  });

  it('as a URI: every one that URL writes', () => {
    fc.assert(fc.property(fc.webUrl(), (url) => uriKind(new URL(url).href) === 'absolute'));
  });
});

describe('a text that is long and wrong takes no more than its length', () => {
  // With a pattern that backtracks, any of these takes hours, and the test its time-out.
  const long = 200_000;
  it.each([
    ['a media type', `a/b${';a="\\'.repeat(long)}`],
    ['spaces in a media type', `a/b;${' '.repeat(long)}x`],
    ['parameters', `a/b${'; c=d'.repeat(long)};`],
    ['digits', `${'1'.repeat(long)}-01-01T00:00:00Z`],
    ['fractions', `2020-01-01T00:00:00.${'0'.repeat(long)}`],
    ['a URI of percent signs', `http://h/${'%41'.repeat(long)}%`],
    ['a URI of brackets', `http://${'['.repeat(long)}`],
    ['a URI of dots', `a:${'.'.repeat(long)}\\`],
    ['base64', `${'A'.repeat(long)}=A`],
    ['base64 of equals signs', '='.repeat(long)],
  ])('%s', (_what, text) => {
    parseMediaType(text);
    envelopeOf(text);
    isTimestamp(text);
    uriKind(text);
    decodeBase64(text);
    expectDecoded(
      decodeHttp(['content-type', text, 'ce-id', text, 'ce-time', text], Buffer.alloc(0)),
    );
  });
});
