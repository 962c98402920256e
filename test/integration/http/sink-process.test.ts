/** SINK_ASYNC in a process of its own: what was promised outlives SIGTERM. */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createIrisPredictor } from '../../../src/demo/iris/predictor.ts';
import { ceHeaders, irisPayloads, send } from '../../support/adapter.ts';
import { spawnAdapter } from '../../support/adapter-process.ts';
import { openFaultSink } from '../../support/fault-sink.ts';

const start = async (sink: string, more: Record<string, string> = {}) => {
  const iris = await createIrisPredictor();
  onTestFinished(() => iris.close());
  const adapter = await spawnAdapter({
    ...{ SELDON_DEPLOYMENT_ID: 'iris', PREDICTOR_URL: iris.url, DRAIN_TIMEOUT_MS: '20000' },
    ...{ K_SINK: sink, SINK_ASYNC: 'true', SINK_CONCURRENCY: '2', ...more },
  });
  onTestFinished(async () => void (await adapter.end('SIGKILL')));
  const ask = (n: number) =>
    send(`${adapter.url}/`, {
      headers: ceHeaders({ 'ce-id': `e${n}` }),
      body: irisPayloads.seldon,
    });
  return { adapter, ask };
};

test('every reply that was answered 202 reaches the sink before the process ends, retries too', async () => {
  let refusals = 5;
  const sink = await openFaultSink(async () => {
    await sleep(20);
    refusals -= 1;
    return refusals >= 0 ? 503 : 202;
  });
  const { adapter, ask } = await start(sink.url);
  const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => ask(n)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  expect(await adapter.end('SIGTERM')).toBe(0);
  expect(new Set(sink.taken.map(({ headers }) => headers['ce-causationid'])).size).toBe(30);
  expect(sink.taken).toHaveLength(35);
  expect(adapter.output()).not.toContain('lost');
});

test('what the sink did not take by the end of the drain is named in the last lines', async () => {
  const sink = await openFaultSink(() => 'hang');
  const { adapter, ask } = await start(sink.url, { DRAIN_TIMEOUT_MS: '300' });
  await Promise.all([1, 2, 3].map(ask));
  expect(await adapter.end('SIGTERM')).toBe(0);
  expect(adapter.output()).toMatch(/"lost":3/);
});
