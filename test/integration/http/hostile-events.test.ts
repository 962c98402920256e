/** Events that no decent client sends: each is refused, and the answer stays whole. */

import { describe, expect, test } from 'vitest';
import {
  ceHeaders,
  irisPayloads,
  predictionPaths,
  type RawAnswer,
  rawRequest,
  send,
  useAdapter,
} from '../../support/adapter.ts';
import { expectProblem, lines, raw } from './raw-requests.ts';

const body = irisPayloads.seldon;

describe('events', () => {
  const adapter = useAdapter();
  const sendEvent = (headers: readonly string[], text = body): Promise<RawAnswer> =>
    rawRequest(adapter.port, raw({ headers, body: text }));

  test.each([
    '%',
    '%4',
    '%zz',
    '%ff',
    '%c3%28',
    '%ed%a0%80',
    '%C0%AF',
    '100%',
    '"open',
    'a"b',
    '\xe9',
  ])('the attribute value %j is refused', async (value) => {
    expectProblem(await sendEvent(lines(ceHeaders({ 'ce-id': value }))), 400, 'EVENT_INVALID');
  });

  test.each(['ce-id', 'Ce-Type', 'CE-SOURCE', 'ce-specversion', 'ce-subject'])(
    'the header %s given twice is refused, for it leaves open which is meant',
    async (name) => {
      const both = [...lines(ceHeaders({ 'ce-subject': 'x' })), `${name}: again`];
      expectProblem(await sendEvent(both), 400, 'EVENT_INVALID');
    },
  );

  test.each([
    ['CRLF', '%0D%0AInjected:%20yes'],
    ['CRLF and a body', '%0d%0a%0d%0aInjected'],
    ['LF', 'a%0AInjected: yes'],
    ['NUL', 'a%00Injected'],
    ['DEL', 'a%7fInjected'],
    ['a next-line character', '%C2%85Injected'],
  ])('%s in an attribute value never splits the answer', async (_what, value) => {
    for (const name of [
      'ce-id',
      'ce-subject',
      'ce-correlationid',
      'ce-partitionkey',
      'ce-traceparent',
    ]) {
      const answer = await sendEvent(lines(ceHeaders({ [name]: value })));
      expectProblem(answer, 400, 'EVENT_INVALID');
      expect(answer.headerLines.filter((line) => /^injected/i.test(line))).toEqual([]);
    }
  });

  test('line separators of Unicode, quotes and percent signs come back encoded, in one header', async () => {
    const values = ['\u2028Injected: yes', '"%0D%0A"', 'a\\"b', 'ü', '\u{1F33C}', ' leading'];
    for (const value of values) {
      const answer = await sendEvent(lines(ceHeaders({ 'ce-id': encodeURIComponent(value) })));
      expect(answer.status, answer.text).toBe(200);
      const told = answer.headerLines.find((line) => line.startsWith('ce-causationid: ')) ?? '';
      expect(told).toMatch(/^[\x20-\x7e]*$/);
      expect(decodeURIComponent(told.slice('ce-causationid: '.length))).toBe(value);
    }
  });

  test.each([
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasownproperty',
    'problems',
    'attributes',
    'valueof',
  ])(
    'an attribute called %s is an attribute or refused, and changes nothing else',
    async (name) => {
      const value = '{"isAdmin":true}';
      const binary = await sendEvent([
        ...lines(ceHeaders()),
        `ce-${name}: ${encodeURIComponent(value)}`,
      ]);
      expect([200, 400]).toContain(binary.status);
      const structured = `{"specversion":"1.0","id":"1","source":"/s","type":"t","${name}":"x","data":${body}}`;
      const asJson = await sendEvent(['Content-Type: application/cloudevents+json'], structured);
      expect([200, 400]).toContain(asJson.status);
      const asObject = structured.replace('"x"', value);
      expectProblem(
        await sendEvent(['Content-Type: application/cloudevents+json'], asObject),
        400,
        'EVENT_INVALID',
      );
      expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
      expect((await send(adapter.url, { headers: ceHeaders(), body })).status).toBe(200);
    },
  );

  test.each([['__proto__: x'], ['constructor: x'], ['hasOwnProperty: x']])(
    'the header "%s" is like any other',
    async (line) => {
      expect((await sendEvent([...lines(ceHeaders()), line])).status).toBe(200);
      const plain = await rawRequest(
        adapter.port,
        raw({ target: predictionPaths.seldon, headers: [line], body }),
      );
      expect(plain.status).toBe(200);
    },
  );

  test.each([
    ['arrays', '['.repeat(200_000)],
    ['closed arrays', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
    ['objects', '{"a":'.repeat(200_000)],
  ])('deep JSON of %s is refused or predicted on, never a crash', async (_what, deep) => {
    const type = ['Content-Type: application/cloudevents+json'];
    expect((await sendEvent(type, deep)).status).toBe(400);
    const inData = `{"specversion":"1.0","id":"1","source":"/s","type":"t","data":${deep}}`;
    expect((await sendEvent(type, inData)).status).toBeLessThan(500);
    const batch = ['Content-Type: application/cloudevents-batch+json'];
    expect((await sendEvent(batch, deep)).status).toBeLessThan(500);
  });

  test('a body full of faults is refused with a bounded answer', async () => {
    const members = Array.from({ length: 20_000 }, (_, i) => `"Bad_${i}":1`).join(',');
    const type = ['Content-Type: application/cloudevents+json'];
    const answer = await sendEvent(type, `{${members}}`);
    expectProblem(answer, 400, 'EVENT_INVALID');
    expect(answer.body.length).toBeLessThan(100_000);
  });

  test.each([
    'application/json; charset',
    ';',
    'json',
    'a/b/c',
    '"',
    'text/html; x="\x80"',
    '\x00'.padStart(2, 'a'),
  ])('the content type %j is refused', async (type) => {
    const answer = await sendEvent([
      ...lines(ceHeaders({ 'content-type': undefined })),
      `Content-Type: ${type}`,
    ]);
    expect([400, 415]).toContain(answer.status);
    expect(answer.text).toContain('application/problem+json');
  });

  test('two content types that differ are refused', async () => {
    const answer = await sendEvent([...lines(ceHeaders()), 'Content-Type: text/plain']);
    expectProblem(answer, 400, 'EVENT_INVALID');
  });

  test('an invalid Seldon-Puid or trace header is passed on as text, or refused', async () => {
    for (const line of [
      'Seldon-Puid: \xff\x80',
      'Seldon-Puid: ',
      'traceparent: ',
      'traceparent: \xe9',
    ]) {
      expect((await sendEvent([...lines(ceHeaders()), line])).status).toBe(200);
    }
  });
});
