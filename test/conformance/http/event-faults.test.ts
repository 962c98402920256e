/** Events on which nothing is predicted: malformed ones are refused, others answered empty. */

import { describe, expect, test } from 'vitest';
import {
  ceHeaders,
  get,
  irisPayloads,
  predictionPaths,
  send,
  useAdapter,
} from '../../support/adapter.ts';
import { expectProblem, record } from './problems.ts';

const body = irisPayloads.seldon;

describe('faults of the event: nothing is called', () => {
  const adapter = useAdapter();
  const invalid = { ...record, status: 400, code: 'EVENT_INVALID' };

  test.each([
    ['without id', { 'ce-id': undefined }],
    ['without source', { 'ce-source': undefined }],
    ['without type', { 'ce-type': undefined }],
    ['without specversion', { 'ce-specversion': undefined }],
    ['with specversion banana', { 'ce-specversion': 'banana' }],
    ['with an empty id', { 'ce-id': '' }],
    ['with a source that is no URI reference', { 'ce-source': 'a b' }],
    ['with a time that is none', { 'ce-time': 'yesterday' }],
    ['with an illegal attribute name', { 'ce-my_name': 'x' }],
    ['with percent-encoding that is none', { 'ce-id': '100%' }],
    ['with percent-encoding that is not UTF-8', { 'ce-id': '%ff' }],
  ])('%s', async (_what, more) => {
    expectProblem(await send(adapter.url, { headers: ceHeaders(more), body }), invalid);
    expectProblem(
      await send(adapter.url + predictionPaths.seldon, { headers: ceHeaders(more), body }),
      invalid,
    );
    expect(adapter.iris.counters.predictions).toBe(0);
  });

  test('every fault is named at once, each with its attribute', async () => {
    const headers = ceHeaders({
      'ce-id': '',
      'ce-source': 'a b',
      'ce-time': 'x',
      'ce-type': undefined,
    });
    const answer = await send(adapter.url, { headers, body });
    const { problems } = answer.json<{ problems: { where: string; reason: string }[] }>();
    expect(problems.map(({ where }) => where).sort()).toEqual(['id', 'source', 'time', 'type']);
  });

  test.each([
    ['truncated', '{"specversion":"1.0"'],
    ['an array', '[]'],
    ['a number', '1'],
    ['empty', ''],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['without the required attributes', '{}'],
    [
      'with data and data_base64',
      '{"specversion":"1.0","id":"1","source":"/","type":"t","data":1,"data_base64":"AA=="}',
    ],
    [
      'with an object for an attribute',
      '{"specversion":"1.0","id":"1","source":"/","type":"t","x":{},"data":1}',
    ],
  ])('structured JSON that is %s', async (_what, text) => {
    const headers = { 'content-type': 'application/cloudevents+json' };
    expectProblem(await send(adapter.url, { headers, body: text }), invalid);
  });

  test('an event format that we do not speak', async () => {
    const headers = { 'content-type': 'application/cloudevents+avro' };
    expectProblem(await send(adapter.url, { headers, body }), invalid);
  });

  test('no payload', async () => {
    const expected = { ...record, status: 400, code: 'PAYLOAD_MISSING' };
    expectProblem(await send(adapter.url, { headers: ceHeaders() }), expected);
    const structured = '{"specversion":"1.0","id":"1","source":"/s","type":"t"}';
    const headers = { 'content-type': 'application/cloudevents+json' };
    expectProblem(await send(adapter.url, { headers, body: structured }), expected);
    const plain = await send(adapter.url + predictionPaths.seldon);
    expect(plain.status).toBe(400);
    expect(plain.json()).toMatchObject({
      status: { status: 'FAILURE', reason: 'PAYLOAD_MISSING' },
    });
  });
});

describe('nothing to do: 200, truly empty, and the predictor is not called', () => {
  const adapter = useAdapter();

  test.each([
    ['our own reply type', { 'ce-type': 'seldon.iris.tests.response' }, 'own-type'],
    ['our own error type', { 'ce-type': 'seldon.iris.tests.error' }, 'own-type'],
    ['an event that expired', { 'ce-expirytime': '2020-01-01T00:00:00Z' }, 'expired'],
  ])('%s', async (_what, more, reason) => {
    const before = adapter.iris.counters.predictions;
    const answer = await send(adapter.url, { headers: ceHeaders(more), body });
    expect(answer.status).toBe(200);
    expect(answer.body.length).toBe(0);
    expect(answer.headers['content-length']).toBe('0');
    expect(answer.headers).not.toHaveProperty('content-type');
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('ce-'))).toEqual([]);
    expect(adapter.iris.counters.predictions).toBe(before);
    expect((await get(`${adapter.url}/metrics`)).text).toMatch(
      new RegExp(`seldon_eventing_events_skipped_total\\{[^}]*reason="${reason}"`),
    );
  });

  test("an event that expires later is predicted, and so is another deployment's reply", async () => {
    for (const more of [
      { 'ce-expirytime': '2999-01-01T00:00:00Z' },
      { 'ce-type': 'seldon.other.tests.response' },
    ]) {
      const answer = await send(adapter.url, { headers: ceHeaders(more), body });
      expect(answer.headers['ce-type']).toBe('seldon.iris.tests.response');
    }
  });
});
