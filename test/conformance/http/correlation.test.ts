/** What ties a reply to its request, through the predictor, over HTTP (design.md §3.2). */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  type Answer,
  ceHeaders,
  eventually,
  get,
  irisPayloads,
  openAdapter,
  send,
  useAdapter,
} from '../../support/adapter.ts';
import { openGrpcPredictor } from '../../support/grpc-predictor.ts';
import { useRecordingPredictor } from '../../support/recording-predictor.ts';
import { type EventToSend, forms, inForm, replyOf } from './forms.ts';

const body = irisPayloads.seldon;
const trace = {
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  tracestate: 'a=1,b=2',
};
const hop = {
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111111-01',
  tracestate: 'hop=1',
};

const eventWith = (attributes: Readonly<Record<string, string>>): EventToSend => ({
  attributes: {
    ...{ specversion: '1.0', id: 'event-1', source: '/tests', type: 'test.request' },
    ...attributes,
  },
  data: body,
});

describe.each(forms)('a %s event', (form) => {
  const predictor = useRecordingPredictor();
  const adapter = useAdapter(() => ({ PREDICTOR_URL: predictor.url }));

  const ask = async (
    attributes: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
    url = adapter.url,
  ) => {
    const request = inForm(form, eventWith(attributes));
    const answer = await send(url, { ...request, headers: { ...request.headers, ...headers } });
    expect(answer.status).toBe(200);
    return replyOf(form, answer).attributes;
  };

  test('brings its trace to the predictor and back', async () => {
    expect(await ask(trace)).toMatchObject(trace);
    expect(predictor.calls[0]?.headers).toMatchObject(trace);
  });

  test("has its own trace in the reply, and the last hop's at the predictor", async () => {
    expect(await ask(trace, hop)).toMatchObject(trace);
    expect(predictor.calls[0]?.headers).toMatchObject(hop);
  });

  test('without a trace of its own takes over that of its transport', async () => {
    expect(await ask({}, hop)).toMatchObject(hop);
    expect(predictor.calls[0]?.headers).toMatchObject(hop);
  });

  test('without any trace gets none', async () => {
    const attributes = await ask({});
    expect(Object.keys(attributes)).not.toContain('traceparent');
    expect(predictor.calls[0]?.headers).not.toHaveProperty('traceparent');
  });

  test('is correlated by its correlationid, else by its id; causationid is always its id', async () => {
    expect(await ask({ correlationid: 'c-1', causationid: 'older' })).toMatchObject({
      ...{ correlationid: 'c-1', causationid: 'event-1', replyid: 'c-1' },
    });
    const attributes = await ask({});
    expect(attributes).toMatchObject({ correlationid: 'event-1', causationid: 'event-1' });
    expect(attributes).not.toHaveProperty('replyid');
  });

  test('keeps subject and partitionkey as they are', async () => {
    const kept = { subject: 'blüte "1" 100%', partitionkey: 'plant/7 ü' };
    expect(await ask(kept)).toMatchObject(kept);
  });

  test('is correlated as a RequestReply with names of its own wants it', async () => {
    const named = await openAdapter({
      ...{ PREDICTOR_URL: predictor.url, CORRELATION_ATTRIBUTE: 'askid', REPLY_ATTRIBUTE: 'asked' },
    });
    const attributes = await ask({ askid: 'r-1', correlationid: 'c-1' }, {}, named.url);
    expect(attributes).toMatchObject({ askid: 'r-1', asked: 'r-1', correlationid: 'c-1' });
    expect(attributes).not.toHaveProperty('replyid');
    expect(await ask({ askid: 'r-1', asked: 'r-0' }, {}, named.url)).toMatchObject({
      asked: 'r-0',
    });
  });

  test('that is refused is told of in an error event with the same correlation', async () => {
    const telling = await openAdapter({ PREDICTOR_URL: predictor.url, ERROR_EVENTS: 'true' });
    predictor.answer = (_call, response) => response.writeHead(400).end();
    const kept = { ...trace, correlationid: 'c-1', subject: 's', partitionkey: 'p' };
    const attributes = await ask(kept, {}, telling.url);
    expect(attributes).toMatchObject({
      ...{ ...kept, causationid: 'event-1', replyid: 'c-1', type: 'seldon.iris.tests.error' },
    });
    expect(await ask({}, hop, telling.url)).toMatchObject(hop);
  });
});

test("a predictor over gRPC gets an event's own trace as metadata", async () => {
  const predictor = await openGrpcPredictor();
  const adapter = await openAdapter({ PREDICTOR_URL: predictor.url });
  const ce = { 'ce-traceparent': trace.traceparent, 'ce-tracestate': trace.tracestate };
  const headers = ceHeaders({
    ...{ 'content-type': 'application/x-protobuf', ...ce },
    'proto-name': 'seldon.protos.SeldonMessage',
  });
  const answer = await send(adapter.url, { headers, body: Buffer.from([0x0a, 0x00]) });
  expect(answer.headers).toMatchObject(ce);
  const [call] = predictor.calls;
  expect(call?.metadata.get('traceparent')).toEqual([trace.traceparent]);
  expect(call?.metadata.get('tracestate')).toEqual([trace.tracestate]);
});

describe('an event that expires', () => {
  const inMs = (ms: number) => ({
    'ce-expirytime': new Date(Date.now() + ms).toISOString(),
  });
  const isEmpty = ({ status, body: bytes, headers }: Answer): boolean =>
    status === 200 && bytes.length === 0 && headers['ce-type'] === undefined;
  const expiredCount = async (url: string): Promise<number> =>
    Number(
      /skipped_total\{[^}]*reason="expired"[^}]*\} (\d+)/.exec(
        (await get(`${url}/metrics`)).text,
      )?.[1] ?? 0,
    );

  test('while it waits for a place is answered empty then, gives up its turn and is never predicted', async () => {
    const adapter = await openAdapter({ MAX_CONCURRENCY: '1' });
    adapter.iris.faults.hang = true;
    void send(adapter.url, { headers: ceHeaders({ 'ce-id': 'first' }), body }).catch(() => 0);
    await eventually(() => adapter.iris.counters.concurrent === 1);
    const waiting = await send(adapter.url, { headers: ceHeaders(inMs(400)), body });
    expect(isEmpty(waiting)).toBe(true);
    expect(await expiredCount(adapter.url)).toBe(1);
    expect((await get(`${adapter.url}/metrics`)).text).toMatch(/http_waiting\{[^}]*\} 0\n/);
    expect(adapter.iris.counters.predictions).toBe(1);
  });

  test('while it is being predicted is answered empty then', async () => {
    const adapter = await openAdapter();
    adapter.iris.faults.hang = true;
    const answer = await send(adapter.url, { headers: ceHeaders(inMs(400)), body });
    expect(isEmpty(answer)).toBe(true);
    expect(await expiredCount(adapter.url)).toBe(1);
  });

  test('while its prediction is tried again is tried no more', async () => {
    const adapter = await openAdapter({ CALL_RETRIES: '10' });
    adapter.iris.faults.status = 503;
    const answer = await send(adapter.url, { headers: ceHeaders(inMs(1_000)), body });
    const calls = adapter.iris.counters.predictions;
    // The last repeat that would still have been in time may have been the last at all.
    if (answer.status === 200) expect(isEmpty(answer)).toBe(true);
    else expect(answer.status).toBe(502);
    await sleep(1_500);
    expect(adapter.iris.counters.predictions).toBe(calls);
  });

  test('later, or at no time that is one, is predicted', async () => {
    const adapter = await openAdapter();
    for (const expirytime of ['2999-01-01T00:00:00Z', 'soon', '5']) {
      const headers = ceHeaders({ 'ce-expirytime': expirytime });
      const answer = await send(adapter.url, { headers, body });
      expect(answer.headers['ce-type']).toBe('seldon.iris.tests.response');
    }
    expect(await expiredCount(adapter.url)).toBe(0);
  });
});
