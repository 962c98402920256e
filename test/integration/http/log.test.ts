/** What is logged: one line for each failure, never a payload. */

import { describe, expect, test } from 'vitest';
import {
  ceHeaders,
  irisPayloads,
  openAdapter,
  predictionPaths,
  send,
  useAdapter,
} from '../../support/adapter.ts';
import { useRecordingPredictor } from '../../support/recording-predictor.ts';

const marker = 'PAYLOAD-MARKER-6f1c';
const body = irisPayloads.seldon;
const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-00`;
const structured = { 'content-type': 'application/cloudevents+json' };
const batch = { 'content-type': 'application/cloudevents-batch+json' };

describe('a failure', () => {
  const adapter = useAdapter({ REQUEST_TIMEOUT_MS: '300', MAX_BODY_BYTES: '2000' });
  const failures = () => adapter.log.filter(({ level }) => level === 'warn' || level === 'error');

  test.each([
    [
      'refused by the predictor',
      { status: 422 },
      'PREDICTOR_REFUSED',
      'record',
      422,
      'again it fails',
    ],
    ['failed', { status: 500 }, 'PREDICTOR_FAILED', 'transient', 502, 'the sender retries'],
    ['misconfigured', { status: 404 }, 'PREDICTOR_MISCONFIGURED', 'deployment', 502, 'retries'],
    ['cut off', { reset: true }, 'PREDICTOR_FAILED', 'transient', 502, 'the sender retries'],
    ['timed out', { hang: true }, 'DEADLINE_EXCEEDED', 'transient', 504, 'the sender retries'],
  ])(
    '%s: one line with id, source, code, class, status, trace and what happens next',
    async (_what, faults, code, fault, status, next) => {
      Object.assign(adapter.iris.faults, faults);
      adapter.log.length = 0;
      await send(adapter.url, {
        headers: ceHeaders({ 'ce-id': 'e-7', 'ce-source': '/log', traceparent }),
        body,
      });
      expect(failures().length).toBe(1);
      expect(failures()[0]).toMatchObject({
        level: 'warn',
        fields: { id: 'e-7', source: '/log', code, fault, status, traceId },
      });
      expect(failures()[0]?.fields['next']).toContain(next);
      expect(failures()[0]?.fields['next']).toContain(`answered ${status}: `);
      expect(failures()[0]?.fields['reason']).toMatch(/./);
    },
  );

  test.each([
    ['a malformed event', { headers: ceHeaders({ 'ce-id': undefined }), body }, 'EVENT_INVALID'],
    ['no event at all', { body }, 'EVENT_EXPECTED'],
    ['a malformed batch', { headers: batch, body: '{' }, 'EVENT_INVALID'],
    ['an event without payload', { headers: ceHeaders() }, 'PAYLOAD_MISSING'],
    [
      'a body that is too large',
      { headers: ceHeaders(), body: ' '.repeat(2_001) },
      'BODY_TOO_LARGE',
    ],
  ])('%s: one line', async (_what, request, code) => {
    adapter.log.length = 0;
    await send(adapter.url, request);
    expect(failures().map(({ fields }) => fields['code'])).toEqual([code]);
  });

  test('in a batch: one line for each event that failed, malformed ones too', async () => {
    adapter.iris.faults.poison = 'bad';
    adapter.log.length = 0;
    const event = (id: string, data: unknown) => ({
      specversion: '1.0',
      id,
      source: '/s',
      type: 't',
      data,
    });
    const events = [event('1', JSON.parse(body)), event('2', 'bad'), 3, event('4', 'bad')];
    await send(adapter.url, { headers: batch, body: JSON.stringify(events) });
    const told = failures().map(({ fields }) => `${fields['id'] ?? '-'} ${fields['code']}`);
    expect(told.sort()).toEqual(['- EVENT_INVALID', '2 PREDICTOR_FAILED', '4 PREDICTOR_FAILED']);
    const next = failures().map(({ fields }) => fields['next']);
    expect(next).toEqual(Array(3).fill('told in the answer to its batch'));
  });

  test('of feedback: one line, of an event with its id and source', async () => {
    adapter.log.length = 0;
    const path = `${adapter.url}/api/v1.0/feedback`;
    await send(path, { headers: ceHeaders({ 'ce-id': 'f-1', 'ce-source': '/log' }) });
    expect(failures().map(({ fields }) => fields)).toMatchObject([
      { id: 'f-1', source: '/log', code: 'PAYLOAD_MISSING', next: expect.stringContaining('400') },
    ]);
  });

  test('of an ordinary request: one line; an answer of the predictor is no failure of ours', async () => {
    adapter.log.length = 0;
    adapter.iris.faults.status = 500;
    await send(adapter.url + predictionPaths.seldon, { body });
    expect(failures()).toEqual([]);
    delete adapter.iris.faults.status;
    adapter.iris.faults.reset = true;
    await send(adapter.url + predictionPaths.seldon, { body });
    expect(failures().map(({ fields }) => fields['code'])).toEqual(['PREDICTOR_FAILED']);
  });
});

describe('a payload', () => {
  const predictor = useRecordingPredictor();

  test('is never in the log, whatever fails, even where the predictor repeats it in its refusal', async () => {
    const adapter = await openAdapter({
      ...{ PREDICTOR_URL: predictor.url, REQUEST_TIMEOUT_MS: '500', MAX_ANSWER_BYTES: '5000' },
      MAX_BODY_BYTES: '3000',
    });
    const payload = `{"data":{"names":["${marker}"]}}`;
    const event = `{"specversion":"1.0","id":"1","source":"/s","type":"t","data":${payload}`;
    const requests = [
      { headers: ceHeaders(), body: payload },
      { headers: ceHeaders({ 'ce-id': '%' }), body: payload },
      { headers: ceHeaders(), body: `${marker}${' '.repeat(3_000)}` },
      { headers: structured, body: `${event}}` },
      { headers: structured, body: event },
      { headers: structured, body: `${event},"data_base64":"${marker}"}` },
      { headers: structured, body: marker },
      { headers: batch, body: `[${event}}, {"data":"${marker}"}, "${marker}"]` },
      { body: payload },
    ];
    const answers = [
      (status: number, echo: string) => ({ status, text: echo }),
      (status: number) => ({ status, text: 'x'.repeat(6_000) }),
    ];
    for (const answer of answers) {
      for (const status of [200, 302, 400, 404, 422, 500]) {
        predictor.answer = (call, response) => {
          const { status: code, text } = answer(status, call.body.toString());
          response.writeHead(code).end(text);
        };
        for (const request of requests) {
          await send(adapter.url, request);
          await send(adapter.url + predictionPaths.seldon, request);
        }
      }
    }
    expect(adapter.log.length).toBeGreaterThan(50);
    const written = adapter.log.map(({ fields, message }) =>
      JSON.stringify([message, fields, String(fields['err'] ?? '')]),
    );
    expect(written.filter((line) => line.includes(marker))).toEqual([]);
  });

  test("the predictor's words reach the sender, who knows the payload anyway", async () => {
    const adapter = await openAdapter({ PREDICTOR_URL: predictor.url });
    predictor.answer = (_call, response) => void response.writeHead(422).end('3 features, not 4');
    const answer = await send(adapter.url, { headers: ceHeaders(), body });
    expect(answer.json()['problems']).toEqual([
      { where: 'predictor', reason: '3 features, not 4' },
    ]);
  });
});
