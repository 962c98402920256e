/** The circuit breaker of a single model, over HTTP and gRPC: it dies, hangs or is full, and comes back. */

import { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type Answer,
  ceHeaders,
  eventually,
  get,
  irisPayloads,
  openAdapter,
  predictionPaths,
  send,
  type TestAdapter,
} from '../../support/adapter.ts';
import { useGraphNodes } from '../../support/graph-nodes.ts';
import { openGrpcClient } from '../../support/grpc-client.ts';
import { predictMethods, useGrpcPredictor } from '../../support/grpc-predictor.ts';
import { createRecordingPredictor } from '../../support/recording-predictor.ts';

const body = irisPayloads.seldon;
const plainPath = predictionPaths.seldon;
/** The breaker alone finds out: nobody asks the predictor again before the test is over. */
const noWordOfReadiness = { READINESS_INTERVAL_MS: '600000' };

async function open(settings: Readonly<Record<string, string>> = {}) {
  const predictor = createRecordingPredictor();
  await predictor.start();
  onTestFinished(predictor.stop);
  const adapter = await openAdapter({
    PREDICTOR_URL: predictor.url,
    CALL_RETRIES: '0',
    ...noWordOfReadiness,
    ...settings,
  });
  await eventually(async () => (await get(`${adapter.url}/readyz`)).status === 200);
  const { port } = predictor;
  return { predictor, adapter, comeBack: () => predictor.start(port) };
}

let ids = 0;
const sendEvent = (adapter: TestAdapter): Promise<Answer> => {
  ids += 1;
  return send(adapter.url, { headers: ceHeaders({ 'ce-id': String(ids) }), body });
};
const sendPlain = (adapter: TestAdapter): Promise<Answer> =>
  send(adapter.url + plainPath, { body });

async function metric(adapter: TestAdapter, name: string, model = 'iris'): Promise<number> {
  const { text } = await get(`${adapter.url}/metrics`);
  const line = new RegExp(
    `^seldon_eventing_circuit_${name}\\{[^}]*model_name="${model}"[^}]*\\} (\\S+)$`,
    'm',
  );
  return Number(line.exec(text)?.[1]);
}

/** Asks until it is refused: on a slow machine the next probe may be due before. */
async function refused(ask: () => Promise<Answer>): Promise<Answer> {
  let answer = await ask();
  while (answer.status === 502) answer = await ask();
  expect(answer.status).toBe(503);
  return answer;
}

const allOf = (answers: readonly Answer[]): number[] => [
  ...new Set(answers.map((answer) => answer.status)),
];

describe('a predictor that dies', () => {
  test('is told of at once with 503; the first probe that it answers lets everybody in', async () => {
    const { predictor, adapter, comeBack } = await open();
    expect((await sendEvent(adapter)).status).toBe(200);
    predictor.stop();
    const first = await sendEvent(adapter);
    expect([first.status, first.json()['code']]).toEqual([502, 'PREDICTOR_UNREACHABLE']);

    const event = await refused(() => sendEvent(adapter));
    expect(event.headers).toMatchObject({
      'content-type': 'application/problem+json',
      'kne-seldonerrorcode': 'CIRCUIT_OPEN',
      'kne-seldonerrorclass': 'unavailable',
      'retry-after': expect.stringMatching(/^[1-5]$/),
    });
    expect(event.json()).toMatchObject({
      code: 'CIRCUIT_OPEN',
      retriable: true,
      detail: expect.stringMatching(
        /^http:\/\/127\.0\.0\.1:\d+ is not called for now, since its last calls failed \(.*cannot be reached.*\); send it again: it is tried again in \d+ ms$/,
      ),
    });
    const plain = await refused(() => sendPlain(adapter));
    expect(plain.headers['retry-after']).toMatch(/^[1-5]$/);
    expect(plain.json()).toMatchObject({ status: { reason: 'CIRCUIT_OPEN', code: 503 } });
    expect(adapter.log.filter(({ message }) => message.includes('breaker opened'))).toMatchObject([
      { level: 'warn', fields: { code: 'PREDICTOR_UNREACHABLE' } },
    ]);
    expect([await metric(adapter, 'open'), await metric(adapter, 'opened_total')]).toEqual([1, 1]);
    expect(await metric(adapter, 'refused_total')).toBe(2);

    await comeBack();
    predictor.calls.length = 0;
    const until = { served: 0 };
    await eventually(async () => {
      const answer = await sendPlain(adapter);
      if (answer.status === 200) until.served += 1;
      else expect(answer.status).toBe(503);
      return until.served > 0;
    });
    // No call failed: the first that was made closed it.
    expect(predictor.calls).toHaveLength(1);
    const after = await Promise.all(
      Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? sendEvent : sendPlain)(adapter)),
    );
    expect(allOf(after)).toEqual([200]);
    expect(await metric(adapter, 'open')).toBe(0);
    expect(adapter.log.some(({ message }) => message.includes('breaker closed'))).toBe(true);
  });

  test('is called again as soon as it calls itself ready', async () => {
    const { predictor, adapter, comeBack } = await open({ READINESS_INTERVAL_MS: '50' });
    predictor.stop();
    await eventually(async () => (await sendPlain(adapter)).status === 503);
    await eventually(async () => (await get(`${adapter.url}/readyz`)).status === 503);
    // Each probe that fails makes the next one later: up to 5 s.
    await eventually(async () => {
      await sendPlain(adapter);
      return adapter.log.filter(({ fields }) => fields['status'] === 502).length >= 3;
    });
    await comeBack();
    await eventually(async () => (await get(`${adapter.url}/readyz`)).status === 200);
    const answers = await Promise.all(Array.from({ length: 20 }, () => sendPlain(adapter)));
    expect(allOf(answers)).toEqual([200]);
  });

  test('is asked for status and metadata, and told feedback, all the same', async () => {
    const { predictor, adapter } = await open();
    predictor.stop();
    await eventually(async () => (await sendPlain(adapter)).status === 503);
    const feedback = await send(`${adapter.url}/api/v1.0/feedback`, {
      headers: { 'content-type': 'application/json' },
      body: '{"request":{},"response":{},"reward":1}',
    });
    expect(feedback.json()).toMatchObject({ status: { reason: 'PREDICTOR_UNREACHABLE' } });
    const info = await get(`${adapter.url}/api/v1.0/metadata/iris`);
    expect(info.json()).toMatchObject({ status: { reason: 'PREDICTOR_UNREACHABLE' } });
  });

  test('is called each time where CIRCUIT_BREAKER is off', async () => {
    const { predictor, adapter } = await open({ CIRCUIT_BREAKER: 'false' });
    predictor.stop();
    for (let i = 0; i < 10; i += 1) expect((await sendEvent(adapter)).status).toBe(502);
    expect((await get(`${adapter.url}/metrics`)).text).not.toContain('seldon_eventing_circuit_');
  });
});

describe('a predictor that lives', () => {
  test('and hangs is not waited for any more, once it answered nobody', async () => {
    const { predictor, adapter } = await open({ ATTEMPT_TIMEOUT_MS: '400' });
    const answerAll = predictor.answer;
    predictor.answer = () => undefined;
    await eventually(async () => {
      const answers = await Promise.all(Array.from({ length: 3 }, () => sendEvent(adapter)));
      return answers.some((answer) => answer.status === 503);
    });
    expect(await metric(adapter, 'opened_total')).toBe(1);
    predictor.answer = answerAll;
    await eventually(async () => (await sendEvent(adapter)).status === 200);
    expect(allOf(await Promise.all([1, 2, 3].map(() => sendPlain(adapter))))).toEqual([200]);
  });

  test('and answers 500 is called each time: an input may be at fault, and others are not shut out', async () => {
    const { predictor, adapter } = await open();
    predictor.answer = ({ body: sent }, response) => {
      response.writeHead(sent.toString().includes('poison') ? 500 : 200).end('{}');
    };
    let poisoning = true;
    const poison = (async () => {
      while (poisoning) await send(adapter.url + plainPath, { body: '{"poison":1}' });
    })();
    const good: Answer[] = [];
    // Rarer than what would have to be answered to outweigh what fails.
    for (let i = 0; i < 3; i += 1) {
      await sleep(1_300);
      good.push(await sendEvent(adapter));
    }
    poisoning = false;
    await poison;
    expect(allOf(good)).toEqual([200]);
    expect(await metric(adapter, 'opened_total')).toBe(0);
  });
});

describe('over gRPC', () => {
  const predictor = useGrpcPredictor();

  test('callers of a predictor that dies are told UNAVAILABLE, and when to call again', async () => {
    const adapter = await openAdapter({
      PREDICTOR_URL: predictor.url,
      GRPC_PORT: '0',
      SELDON_PROTOCOL: 'v2',
      CALL_RETRIES: '0',
      ...noWordOfReadiness,
    });
    const call = openGrpcClient(adapter.grpcPort);
    const predict = () => call(predictMethods.v2, Buffer.from([0x0a, 0x00]));
    await eventually(async () => (await predict()).status === 'OK');
    const { port } = predictor;
    predictor.stop();
    let told = await predict();
    await eventually(async () => {
      told = await predict();
      return told.details.includes('is not called for now');
    });
    expect(told.status).toBe(status[status.UNAVAILABLE]);
    expect(told.trailers.get('seldon-error-code')).toEqual(['CIRCUIT_OPEN']);
    expect(Number(told.trailers.get('grpc-retry-pushback-ms')[0])).toBeGreaterThan(0);
    await predictor.start(port);
    await eventually(async () => (await predict()).status === 'OK');
    for (let i = 0; i < 10; i += 1) expect((await predict()).status).toBe('OK');
  });
});

describe('in a graph', () => {
  const nodes = useGraphNodes();

  test('each node has its own, by name in the metrics', async () => {
    const adapter = await openAdapter({
      PREDICTOR_URL: '',
      ENGINE_PREDICTOR: await nodes.engine({ name: 'here', children: [{ name: 'gone' }] }),
      CALL_RETRIES: '0',
      ...noWordOfReadiness,
    });
    await eventually(async () => (await get(`${adapter.url}/readyz`)).status === 200);
    nodes.stop('gone');
    await eventually(async () => (await sendPlain(adapter)).status === 503);
    expect((await refused(() => sendEvent(adapter))).json()).toMatchObject({
      code: 'CIRCUIT_OPEN',
      detail: expect.stringMatching(/^node "gone" .* is not called for now/),
    });
    expect(await metric(adapter, 'open', 'gone')).toBe(1);
    expect(await metric(adapter, 'open', 'here')).toBe(0);
  });
});
