/** A predictor that becomes slow and recovers: what the adapter sheds, and that it recovers too. */

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
import { startQueueingPredictor } from '../../support/queueing-predictor.ts';

const body = irisPayloads.seldon;

/** Two servers of 1 ms each, and an adapter that may take a fifth of 10 s for an answer. */
async function open(settings: Readonly<Record<string, string>> = {}) {
  const predictor = await startQueueingPredictor(2, 1, '{"data":{"ndarray":[[1,0,0]]}}');
  onTestFinished(predictor.close);
  const adapter = await openAdapter({
    PREDICTOR_URL: predictor.url,
    REQUEST_TIMEOUT_MS: '10000',
    ADAPTIVE_CONCURRENCY: 'true',
    OVERLOAD_DEADLINE_FRACTION: '0.2',
    MAX_WAITING: '1000',
    ...settings,
  });
  return { predictor, adapter };
}

/** So many at once: every other an event. */
const flood = (adapter: TestAdapter, requests: number): Promise<Answer[]> =>
  Promise.all(
    Array.from({ length: requests }, (_, i) =>
      i % 2 === 0
        ? send(adapter.url, { headers: ceHeaders({ 'ce-id': String(i) }), body })
        : send(adapter.url + predictionPaths.seldon, { body }),
    ),
  );

async function metric(adapter: TestAdapter, name: string): Promise<number> {
  const { text } = await get(`${adapter.url}/metrics`);
  return Number(new RegExp(`^seldon_eventing_${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1]);
}

describe('overload', () => {
  test('each request to a predictor that became slow is answered 200, or 429 with Retry-After; the limit falls and recovers', async () => {
    const { predictor, adapter } = await open();
    const before = await flood(adapter, 40);
    expect(before.map(({ status }) => status)).toEqual(before.map(() => 200));
    const limitBefore = await metric(adapter, 'concurrency_limit');

    predictor.serviceMs = 200;
    const answers: Answer[] = [];
    // The first calls that are slow share a step with the last that were fast.
    await eventually(async () => {
      answers.push(...(await flood(adapter, 300)));
      return (await metric(adapter, 'concurrency_limit')) < limitBefore;
    });
    const accepted = answers.filter(({ status }) => status === 200);
    const shed = answers.filter(({ status }) => status === 429);
    expect(accepted.length + shed.length).toBe(answers.length);
    expect(accepted.length).toBeGreaterThan(0);
    expect(shed.length).toBeGreaterThan(0);
    for (const { headers } of shed) expect(headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(await metric(adapter, 'http_shed_total')).toBe(shed.length);

    predictor.serviceMs = 1;
    await eventually(async () => {
      await flood(adapter, 20);
      return (await metric(adapter, 'concurrency_limit')) >= limitBefore;
    });
    const after = await flood(adapter, 40);
    expect(after.map(({ status }) => status)).toEqual(after.map(() => 200));
    expect(await metric(adapter, 'http_running')).toBe(0);
    expect(await metric(adapter, 'http_waiting')).toBe(0);
  });

  test('a batch larger than the limit is predicted on whole', async () => {
    const { adapter } = await open({ MAX_WAITING: '0' });
    const events = Array.from({ length: 200 }, (_, i) => ({
      ...{ specversion: '1.0', id: String(i), source: '/tests', type: 'test.request' },
      data: JSON.parse(body),
    }));
    const answer = await send(adapter.url, {
      headers: { 'content-type': 'application/cloudevents-batch+json' },
      body: JSON.stringify(events),
    });
    expect(answer.status).toBe(200);
    const types = answer.json<{ type: string }[]>().map(({ type }) => type);
    expect(types).toEqual(events.map(() => 'seldon.iris.tests.response'));
  });

  test('a predictor that turns requests away is asked less, and its callers are told', async () => {
    const adapter = await openAdapter({ ADAPTIVE_CONCURRENCY: 'true', CALL_RETRIES: '0' });
    const before = await metric(adapter, 'concurrency_limit');
    adapter.iris.faults.status = 503;
    const answers = await flood(adapter, 40);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([502, 503]));
    expect(await metric(adapter, 'concurrency_limit')).toBeLessThan(before);
    delete adapter.iris.faults.status;
    await eventually(async () => {
      await flood(adapter, 40);
      return (await metric(adapter, 'concurrency_limit')) >= before;
    });
  });

  test('off, there is no limit to see, and who must wait beyond its deadline is turned away', async () => {
    const { adapter, predictor } = await open({
      ...{ ADAPTIVE_CONCURRENCY: '', OVERLOAD_DEADLINE_FRACTION: '', MAX_CONCURRENCY: '4' },
      REQUEST_TIMEOUT_MS: '6000',
    });
    expect(await metric(adapter, 'concurrency_limit')).toBeNaN();
    predictor.serviceMs = 200;
    const before = predictor.answered();
    const waiting = flood(adapter, 200);
    // Ten a second: once that is known, who comes while 150 wait would wait for 15 s.
    await eventually(() => predictor.answered() >= before + 15);
    const late = await send(adapter.url, { headers: ceHeaders(), body });
    expect(late.status).toBe(429);
    expect(late.json()['detail']).toContain('the queue is longer than the deadline allows');
    expect(Number(late.headers['retry-after'])).toBeGreaterThan(5);
    for (const { status } of await waiting) expect([200, 429, 504]).toContain(status);
  });
});
