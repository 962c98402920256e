/** Batches: each event is answered by itself (design.md §3.3). */

import { describe, expect, test } from 'vitest';
import {
  type Answer,
  irisPayloads,
  openAdapter,
  protocolNames,
  send,
  type TestAdapter,
  useAdapter,
} from '../../support/adapter.ts';

interface Member {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly specversion: string;
  readonly datacontenttype: string;
  readonly causationid?: string;
  readonly data: Record<string, unknown>;
}

const batchType = { 'content-type': 'application/cloudevents-batch+json' };
const good = JSON.parse(irisPayloads.seldon);

const event = (id: string, data: unknown = good, more: object = {}): object => ({
  ...{ specversion: '1.0', id, source: '/batch', type: 'test.request' },
  ...more,
  data,
});

const post = (adapter: TestAdapter, events: readonly unknown[], headers = {}): Promise<Answer> =>
  send(adapter.url, { headers: { ...batchType, ...headers }, body: JSON.stringify(events) });

const told = (answer: Answer): string[] =>
  answer.json<Member[]>().map(({ type, causationid = '-', data }) => {
    const kind = type.slice(type.lastIndexOf('.') + 1);
    return kind === 'error' ? `${causationid} ${kind} ${data['code']}` : `${causationid} ${kind}`;
  });

const reply = 'seldon.iris.tests.response';
const error = 'seldon.iris.tests.error';

describe.each(protocolNames)('protocol %s', (protocol) => {
  const adapter = useAdapter({ SELDON_PROTOCOL: protocol });

  test('every event is answered, in the order of the batch', async () => {
    const ids = Array.from({ length: 40 }, (_, i) => `e${i}`);
    const answer = await post(
      adapter,
      ids.map((id) => event(id, JSON.parse(irisPayloads[protocol]))),
    );
    expect(answer.status).toBe(200);
    const replies = answer.json<Member[]>();
    expect(replies.map(({ causationid }) => causationid)).toEqual(ids);
    expect(new Set(replies.map(({ type }) => type))).toEqual(new Set([reply]));
    expect(new Set(replies.map(({ id }) => id)).size).toBe(ids.length);
    expect(adapter.iris.counters.predictions).toBe(ids.length);
  });
});

describe('a batch', () => {
  const adapter = useAdapter();

  test('of mixed versions answers each event in its own', async () => {
    const answer = await post(adapter, [event('1'), event('2', good, { specversion: '0.3' })]);
    expect(answer.json<Member[]>().map(({ specversion }) => specversion)).toEqual(['1.0', '0.3']);
  });

  test('tells failures as error events beside the replies', async () => {
    adapter.iris.faults.statusFor = (body) =>
      ({ '"a"': 400, '"b"': 500, '"c"': 404 })[body.toString()];
    const answer = await post(adapter, [
      event('1', 'a'),
      event('2'),
      event('3', 'b'),
      event('4', 'c'),
      { ...event('5'), data: undefined },
    ]);
    expect(answer.status).toBe(200);
    expect(told(answer)).toEqual([
      '1 error PREDICTOR_REFUSED',
      '2 response',
      '3 error PREDICTOR_FAILED',
      '4 error PREDICTOR_MISCONFIGURED',
      '5 error PAYLOAD_MISSING',
    ]);
    const [first] = answer.json<Member[]>();
    expect(first).toMatchObject({
      type: error,
      source: 'seldon.iris.tests',
      specversion: '1.0',
      datacontenttype: 'application/problem+json',
      causationid: '1',
      correlationid: '1',
      time: expect.stringMatching(/Z$/),
      data: { code: 'PREDICTOR_REFUSED', status: 400, fault: 'record', retriable: false },
    });
  });

  test('with malformed members answers the others, and names what is wrong with each', async () => {
    const answer = await post(adapter, [7, event('1'), {}, event('', good), null]);
    expect(answer.status).toBe(200);
    expect(told(answer)).toEqual([
      '- error EVENT_INVALID',
      '1 response',
      '- error EVENT_INVALID',
      '- error EVENT_INVALID',
      '- error EVENT_INVALID',
    ]);
    const events = answer.json<Member[]>();
    expect(new Set(events.map(({ id }) => id)).size).toBe(5);
    expect(JSON.stringify(events[3]?.data['problems'])).toContain('"id"');
  });

  test.each([
    [503, 502, 'PREDICTOR_BUSY'],
    [500, 502, 'PREDICTOR_FAILED'],
    [404, 502, 'PREDICTOR_MISCONFIGURED'],
  ])(
    'whose events all got %i is answered %i, so that the sender tries again',
    async (status, ours, code) => {
      adapter.iris.faults.status = status;
      const answer = await post(adapter, [event('1'), event('2'), event('3')]);
      expect(answer.status).toBe(ours);
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(answer.headers['kne-seldonerrorcode']).toBe(code);
    },
  );

  test('whose events were all refused is answered 200: sending it again would not help', async () => {
    adapter.iris.faults.status = 422;
    const answer = await post(adapter, [event('1'), event('2')]);
    expect(answer.status).toBe(200);
    expect(told(answer)).toEqual(['1 error PREDICTOR_REFUSED', '2 error PREDICTOR_REFUSED']);
  });

  test('that was partly refused and otherwise failed is answered 200: the refusals are final', async () => {
    adapter.iris.faults.statusFor = (body) => (body.toString() === '"a"' ? 400 : 500);
    const answer = await post(adapter, [event('1', 'a'), event('2', 'b')]);
    expect(answer.status).toBe(200);
    expect(told(answer)).toEqual(['1 error PREDICTOR_REFUSED', '2 error PREDICTOR_FAILED']);
  });

  test('without events, or with nothing to do, is answered 200 and truly empty', async () => {
    const before = adapter.iris.counters.predictions;
    for (const events of [
      [],
      [event('1', good, { type: reply }), event('2', good, { type: error })],
    ]) {
      const answer = await post(adapter, events);
      expect(answer.status).toBe(200);
      expect(answer.headers['content-length']).toBe('0');
      expect(answer.headers).not.toHaveProperty('content-type');
    }
    expect(adapter.iris.counters.predictions).toBe(before);
  });

  test('leaves out events with nothing to do, and answers the rest', async () => {
    const answer = await post(adapter, [event('1', good, { type: reply }), event('2')]);
    expect(told(answer)).toEqual(['2 response']);
  });

  test('that is no array of events is refused whole', async () => {
    for (const body of ['{}', '[', '', '"x"']) {
      const answer = await send(adapter.url, { headers: batchType, body });
      expect(answer.status).toBe(400);
      expect(answer.json()).toMatchObject({ code: 'EVENT_INVALID' });
    }
  });

  test('gives redelivered events the same reply ids', async () => {
    const ids = async () =>
      (await post(adapter, [event('1'), event('2')])).json<Member[]>().map(({ id }) => id);
    expect(await ids()).toEqual(await ids());
  });
});

test('a batch larger than the limiter is answered whole: its own size turns nothing away', async () => {
  const adapter = await openAdapter({ MAX_CONCURRENCY: '2', MAX_WAITING: '0' });
  adapter.iris.faults.delayMs = 1;
  const events = Array.from({ length: 50 }, (_, i) => event(`e${i}`));
  const answer = await post(adapter, events);
  expect(answer.status).toBe(200);
  expect(new Set(answer.json<Member[]>().map(({ type }) => type))).toEqual(new Set([reply]));
  expect(adapter.iris.counters.maxConcurrent).toBe(2);
});

test('a batch that waits its turn leaves places to others', async () => {
  const adapter = await openAdapter({ MAX_CONCURRENCY: '64' });
  adapter.iris.faults.delayMs = 5;
  const events = Array.from({ length: 100 }, (_, i) => event(`e${i}`));
  await post(adapter, events);
  expect(adapter.iris.counters.maxConcurrent).toBeLessThanOrEqual(16);
});

describe('a batch within its limits', () => {
  test('of more events than MAX_BATCH_EVENTS is refused whole with 413, and nothing is predicted', async () => {
    const adapter = await openAdapter({ MAX_BATCH_EVENTS: '3' });
    const events = Array.from({ length: 4 }, (_, i) => event(`e${i}`));
    const answer = await post(adapter, events);
    expect([answer.status, answer.json()['code']]).toEqual([413, 'BODY_TOO_LARGE']);
    expect(answer.text).toContain('has 4 events, and at most 3');
    expect(adapter.iris.counters.predictions).toBe(0);
    expect((await post(adapter, events.slice(1))).status).toBe(200);
  });

  test('that is nothing but empty objects is not worth a line of log for each', async () => {
    const adapter = await openAdapter();
    const body = `[${'{},'.repeat(200_000)}{}]`;
    const answer = await send(adapter.url, { headers: batchType, body });
    expect(answer.status).toBe(413);
    const told = adapter.log.filter(({ message }) => message.includes('answered with an error'));
    expect(told).toHaveLength(1);
  });

  test('whose replies are too large together: those that fit are sent, the others told', async () => {
    const adapter = await openAdapter({ MAX_ANSWER_BYTES: '700' });
    const answer = await post(
      adapter,
      Array.from({ length: 8 }, (_, i) => event(`e${i}`)),
    );
    expect(answer.status).toBe(200);
    const kinds = told(answer).map((line) => line.replace(/^e\d /, ''));
    expect(kinds).toHaveLength(8);
    expect(new Set(kinds)).toEqual(new Set(['response', 'error PREDICTOR_ANSWER_UNUSABLE']));
  });

  test('with an event twice answers it twice, by the same id', async () => {
    const adapter = await openAdapter();
    const answer = await post(adapter, [event('1'), event('2'), event('1')]);
    const ids = answer.json<Member[]>().map(({ id }) => id);
    expect(ids).toHaveLength(3);
    expect(ids[0]).toBe(ids[2]);
    expect(ids[0]).not.toBe(ids[1]);
  });

  test('that cannot be done in time tells what was done, and 504 for the rest', async () => {
    const adapter = await openAdapter({ REQUEST_TIMEOUT_MS: '1500', MAX_CONCURRENCY: '1' });
    adapter.iris.faults.delayMs = 600;
    const answer = await post(
      adapter,
      Array.from({ length: 6 }, (_, i) => event(`e${i}`)),
    );
    expect(answer.status).toBe(200);
    const kinds = told(answer);
    expect(kinds[0]).toBe('e0 response');
    expect(kinds.at(-1)).toBe('e5 error DEADLINE_EXCEEDED');
    const [late] = answer.json<Member[]>().slice(-1);
    expect(late?.data).toMatchObject({ status: 504, retriable: true });
  });

  test('on a prediction path goes to the model that the path names', async () => {
    const adapter = await openAdapter({ SELDON_PROTOCOL: 'v2' });
    const data = JSON.parse(irisPayloads.v2);
    const answer = await send(`${adapter.url}/v2/models/iris/infer`, {
      headers: batchType,
      body: JSON.stringify([event('1', data), event('2', data)]),
    });
    expect(told(answer)).toEqual(['1 response', '2 response']);
  });
});
