/** Models that are marked as safe to be called more than once, and those that are not. */

import { describe, expect, test } from 'vitest';
import { irisPayloads, openAdapter, send } from '../../support/adapter.ts';
import { useRecordingPredictor } from '../../support/recording-predictor.ts';

const headers = { 'Content-Type': 'application/json' };
const predict = (url: string) =>
  send(`${url}/api/v1.0/predictions`, { headers, body: irisPayloads.seldon });

describe('a model that may be called more than once for a request', () => {
  const predictor = useRecordingPredictor();
  const adapterOf = (settings: Readonly<Record<string, string>>) =>
    openAdapter({ PREDICTOR_URL: predictor.url, ...settings });

  test('is called again where its connection is lost midway', async () => {
    const { url } = await adapterOf({ REPEATABLE_NODES: '*' });
    predictor.answer = (_call, response, nth) => {
      if (nth === 1) response.destroy();
      else response.end('{"second":true}');
    };
    const answer = await predict(url);
    expect([answer.status, answer.body.toString()]).toEqual([200, '{"second":true}']);
    expect(predictor.calls).toHaveLength(2);
  });

  test('is called beside a call that hangs, and its answer is the answer', async () => {
    const { url } = await adapterOf({ REPEATABLE_NODES: '*', HEDGE_AFTER_MS: '50' });
    predictor.answer = (_call, response, nth) => {
      if (nth > 1) response.end('{"second":true}');
    };
    const answer = await predict(url);
    expect([answer.status, answer.body.toString()]).toEqual([200, '{"second":true}']);
    expect(predictor.calls.map(({ body }) => body.toString())).toEqual([
      irisPayloads.seldon,
      irisPayloads.seldon,
    ]);
    const metrics = await send(`${url}/metrics`, { method: 'GET' });
    expect(metrics.body.toString()).toMatch(/^seldon_eventing_hedged_calls_total\{.*\} 1$/m);
  });

  test('is told of feedback once, whatever becomes of the call', async () => {
    const { url } = await adapterOf({ REPEATABLE_NODES: '*', HEDGE_AFTER_MS: '50' });
    predictor.answer = (_call, response) => response.destroy();
    const answer = await send(`${url}/api/v1.0/feedback`, { headers, body: '{"reward":1}' });
    expect(answer.status).toBe(502);
    expect(predictor.calls).toHaveLength(1);
  });

  test('that is not marked so is called once', async () => {
    const { url } = await adapterOf({});
    predictor.answer = (_call, response) => response.destroy();
    expect((await predict(url)).status).toBe(502);
    expect(predictor.calls).toHaveLength(1);
  });
});
