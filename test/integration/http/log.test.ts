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
const structured = { 'content-type': 'application/cloudevents+json' };
const batch = { 'content-type': 'application/cloudevents-batch+json' };

describe('a failure', () => {
  const adapter = useAdapter({ REQUEST_TIMEOUT_MS: '300', MAX_BODY_BYTES: '2000' });
  const failures = () => adapter.log.filter(({ level }) => level === 'warn' || level === 'error');

  test.each([
    ['refused by the predictor', { status: 422 }, 'PREDICTOR_REFUSED', 'record', 422],
    ['failed', { status: 500 }, 'PREDICTOR_FAILED', 'transient', 502],
    ['misconfigured', { status: 404 }, 'PREDICTOR_MISCONFIGURED', 'deployment', 502],
    ['cut off', { reset: true }, 'PREDICTOR_FAILED', 'transient', 502],
    ['timed out', { hang: true }, 'DEADLINE_EXCEEDED', 'transient', 504],
  ])(
    '%s: one line with id, source, code, class and status',
    async (_what, faults, code, fault, status) => {
      Object.assign(adapter.iris.faults, faults);
      adapter.log.length = 0;
      await send(adapter.url, {
        headers: ceHeaders({ 'ce-id': 'e-7', 'ce-source': '/log' }),
        body,
      });
      expect(failures().length).toBe(1);
      expect(failures()[0]).toMatchObject({
        level: 'warn',
        fields: { id: 'e-7', source: '/log', code, fault, status },
      });
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
