/** Requests and records to one predictor: the circuit breaker answers the former, the latter wait. */

import { describe, expect, onTestFinished, test } from 'vitest';
import { type Answer, ceHeaders, get, irisPayloads, send } from '../../support/adapter.ts';
import { useBroker } from '../../support/broker.ts';
import {
  all,
  answersOf,
  divertedOf,
  eventually,
  outputsOf,
  useKafkaCases,
} from '../../support/kafka-case.ts';
import { createRecordingPredictor } from '../../support/recording-predictor.ts';

const broker = await useBroker();

describe.skipIf(broker.missing)('the circuit breaker beside Kafka', () => {
  const begin = useKafkaCases(broker);

  async function open() {
    const predictor = createRecordingPredictor();
    await predictor.start();
    onTestFinished(predictor.stop);
    const c = await begin();
    const { url } = await c.start({
      PREDICTOR_URL: predictor.url,
      CALL_RETRIES: '0',
      KAFKA_MAX_ATTEMPTS: '2',
      // Calls alone tell what the predictor does.
      READINESS_INTERVAL_MS: '600000',
    });
    await eventually('it is ready', async () => (await get(`${url}/readyz`)).status === 200);
    let ids = 0;
    const ask = (): Promise<Answer> => {
      ids += 1;
      return send(url, { headers: ceHeaders({ 'ce-id': `r${ids}` }), body: irisPayloads.seldon });
    };
    return { predictor, c, ask };
  }

  test('while the predictor is away requests are answered at once; no record is lost or given up, and all go on when it is back', async () => {
    const { predictor, c, ask } = await open();
    await c.send(0, 10);
    await c.answered(10);
    const { port } = predictor;
    predictor.stop();
    await c.send(10, 60);
    await eventually('requests are refused', async () => (await ask()).status === 503);
    for (let i = 0; i < 100; i += 1) expect([502, 503]).toContain((await ask()).status);
    expect(outputsOf(c)).toHaveLength(10);
    await predictor.start(port);
    await c.send(60, 80);
    await c.answered(80);
    expect(answersOf(c)).toEqual(all(80));
    expect(divertedOf(c)).toEqual([]);
    await eventually('requests are served', async () => (await ask()).status === 200);
    const after = await Promise.all(Array.from({ length: 30 }, ask));
    expect(new Set(after.map(({ status }) => status))).toEqual(new Set([200]));
  });

  test('records are called for while requests are refused: what opened it is not held against them', async () => {
    const { predictor, c, ask } = await open();
    const isOfRecord = (body: string): boolean => body.includes('"mark"');
    predictor.answer = (call, response) => {
      const status = isOfRecord(call.body.toString()) ? 200 : 503;
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"answer":1}');
    };
    await eventually('requests are refused', async () => (await ask()).status === 503);
    await c.send(0, 40);
    await c.answered(40);
    expect(answersOf(c)).toEqual(all(40));
    expect(divertedOf(c)).toEqual([]);
    expect((await ask()).status).toBeGreaterThanOrEqual(502);
  });
});
