/** What each fault is over HTTP: the table of design.md §3.3, row by row. */

import { describe, expect, test } from 'vitest';
import { findFreePort } from '../../../src/demo/free-port.ts';
import {
  type Answer,
  ceHeaders,
  get,
  irisPayloads,
  openAdapter,
  predictionPaths,
  protocolNames,
  send,
  useAdapter,
} from '../../support/adapter.ts';
import { useRecordingPredictor } from '../../support/recording-predictor.ts';
import {
  busy,
  type Expected,
  expectProblem,
  failed,
  misconfigured,
  refused,
  transient,
} from './problems.ts';

const body = irisPayloads.seldon;

const statuses: readonly (readonly [number, Expected])[] = [
  [400, refused(400)],
  [413, refused(413)],
  [415, refused(415)],
  [422, refused(422)],
  [402, refused(422)],
  [406, refused(422)],
  [409, refused(422)],
  [410, refused(422)],
  [418, refused(422)],
  [431, refused(422)],
  [451, refused(422)],
  [401, misconfigured],
  [403, misconfigured],
  [404, misconfigured],
  [405, misconfigured],
  [407, misconfigured],
  [501, misconfigured],
  [300, misconfigured],
  [302, misconfigured],
  [307, misconfigured],
  [408, failed],
  [425, failed],
  [500, failed],
  [502, failed],
  [504, failed],
  [505, failed],
  [507, failed],
  [599, failed],
  [429, busy],
  [503, busy],
];

describe.each(protocolNames)('protocol %s', (protocol) => {
  const adapter = useAdapter({ SELDON_PROTOCOL: protocol });

  test.each(statuses)('the predictor answers an event %i', async (status, expected) => {
    adapter.iris.faults.status = status;
    expectProblem(
      await send(adapter.url, { headers: ceHeaders(), body: irisPayloads[protocol] }),
      expected,
    );
  });

  test.each(statuses.map(([status]) => status))(
    "the predictor's %i is an ordinary request's answer, unchanged",
    async (status) => {
      adapter.iris.faults.status = status;
      const request = {
        headers: { 'content-type': 'application/json' },
        body: irisPayloads[protocol],
      };
      const [direct, through] = await Promise.all([
        send(adapter.iris.url + predictionPaths[protocol], request),
        send(adapter.url + predictionPaths[protocol], request),
      ]);
      expect(through.status).toBe(status);
      expect(through.text).toBe(direct.text);
      expect(through.headers['content-type']).toBe(direct.headers['content-type']);
      expect(through.headers).not.toHaveProperty('kne-seldonerrorcode');
    },
  );
});

describe('no answer of the predictor', () => {
  const adapter = useAdapter({ MAX_ANSWER_BYTES: '1000' });
  const event = { headers: ceHeaders(), body };
  const plain = ({ url } = adapter): Promise<Answer> =>
    send(url + predictionPaths.seldon, { body });

  /** The same fault for an ordinary request, in Seldon's shape. */
  const expectSeldonFailure = (answer: Answer, { status, code }: Expected): void => {
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/json');
    const { status: told } = answer.json<{ status: Record<string, unknown> }>();
    expect(told).toEqual({
      code: status,
      status: 'FAILURE',
      reason: code,
      info: expect.any(String),
    });
  };

  test('it cuts the connection: 502', async () => {
    adapter.iris.faults.reset = true;
    const before = adapter.iris.counters.predictions;
    expectProblem(await send(adapter.url, event), failed);
    expectSeldonFailure(await plain(), failed);
    // The call had reached the model each time: it is not made again.
    expect(adapter.iris.counters.predictions - before).toBe(2);
  });

  test('it never answers: 504 when the deadline comes', async () => {
    const hasty = await openAdapter({ REQUEST_TIMEOUT_MS: '300' });
    hasty.iris.faults.hang = true;
    const expected = { ...transient, status: 504, code: 'DEADLINE_EXCEEDED' };
    expectProblem(await send(hasty.url, event), expected);
    expectSeldonFailure(await plain(hasty), expected);
  });

  test('its answer is larger than MAX_ANSWER_BYTES: 502', async () => {
    adapter.iris.faults.bodyBytes = 1_001;
    const expected = { ...transient, code: 'PREDICTOR_ANSWER_UNUSABLE' };
    expectProblem(await send(adapter.url, event), expected);
    expectSeldonFailure(await plain(), expected);
    adapter.iris.faults.bodyBytes = 1_000;
    expect((await send(adapter.url, event)).status).toBe(200);
  });

  test('its answer is empty: 502, for a 200 without an event would say that all is well', async () => {
    adapter.iris.faults.answerText = '';
    expectProblem(await send(adapter.url, event), {
      ...transient,
      code: 'PREDICTOR_ANSWER_UNUSABLE',
    });
  });

  test('nothing listens there: 502, and readiness says why', async () => {
    const PREDICTOR_URL = `http://127.0.0.1:${await findFreePort()}`;
    // What a call that never arrives is answered with, each time.
    const lonely = await openAdapter({ PREDICTOR_URL, CIRCUIT_BREAKER: 'false' });
    const expected = { ...transient, code: 'PREDICTOR_UNREACHABLE' };
    expectProblem(await send(lonely.url, event), expected);
    expectSeldonFailure(await send(lonely.url + predictionPaths.seldon, { body }), expected);
    const ready = await get(`${lonely.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(ready.text).toContain(PREDICTOR_URL);
  });
});

describe('an answer that breaks off', () => {
  const predictor = useRecordingPredictor();
  const adapter = useAdapter(() => ({ PREDICTOR_URL: predictor.url }));

  test('shorter than its Content-Length: 502, never a truncated reply', async () => {
    predictor.answer = (_call, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' });
      response.write('{"half":');
      setImmediate(() => response.destroy());
    };
    expectProblem(await send(adapter.url, { headers: ceHeaders(), body }), failed);
    expect(predictor.calls.length).toBe(1);
  });

  test('in the middle of a chunk: 502', async () => {
    predictor.answer = (_call, response) => {
      response.socket?.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"half"');
    };
    expectProblem(await send(adapter.url, { headers: ceHeaders(), body }), failed);
  });

  test('that is no HTTP: 502', async () => {
    predictor.answer = (_call, response) => {
      response.socket?.end('SSH-2.0-OpenSSH_9.6\r\n');
    };
    expectProblem(await send(adapter.url, { headers: ceHeaders(), body }), failed);
  });

  test('201 and 203 with a body are predictions; 204 is none', async () => {
    const answers: Record<number, number> = {};
    for (const status of [201, 203, 204]) {
      predictor.answer = (_call, response) => {
        response.writeHead(status);
        response.end(status === 204 ? undefined : '{}');
      };
      answers[status] = (await send(adapter.url, { headers: ceHeaders(), body })).status;
    }
    expect(answers).toEqual({ 201: 200, 203: 200, 204: 502 });
  });
});
