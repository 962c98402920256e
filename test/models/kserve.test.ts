/** The adapter in front of KServe's Python server, which speaks v2 and TensorFlow's REST protocol. */

import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { ceHeaders, get, send, useAdapter } from '../support/adapter.ts';
import { attributesIn, replyAttributes } from './messages.ts';
import { kserve, useModelServer } from './model-server.ts';
import { describeV2OverGrpc, describeV2OverRest, v2Payload } from './v2-cases.ts';

const server = await useModelServer(kserve);
const v2 = {
  tooMany: 1_200_000,
  name: 'kserve',
  server,
  modelUnknown: 'NOT_FOUND',
  raised: 'INTERNAL',
};
const json = { 'content-type': 'application/json' };

describeV2OverRest(v2);
describeV2OverGrpc(v2);

describe.skipIf(server.missing)("KServe's own ways over v2", () => {
  const adapter = useAdapter(() => ({
    SELDON_PROTOCOL: 'v2',
    MODEL_NAME: 'doubler',
    PREDICTOR_URL: server.url,
  }));
  const path = '/v2/models/doubler/infer';

  test('it answers an event with one of its own, which is why that must not come along', async () => {
    const own = await send(server.url + path, { headers: ceHeaders(), body: v2Payload(1) });
    expect(own.headers['ce-source']).toBe('io.kserve.inference.doubler');
    const answer = await send(adapter.url + path, { headers: ceHeaders(), body: v2Payload(1) });
    expect(attributesIn(answer.headers)).toEqual(replyAttributes);
    expect(answer.headers['ce-source']).toBe('seldon.iris.tests');
  });

  test('the binary extension of v2: where the JSON of the answer ends is passed on', async () => {
    const head = JSON.stringify({
      inputs: [{ name: 'x', shape: [1], datatype: 'FP64', parameters: { binary_data_size: 8 } }],
      parameters: { binary_data_output: true },
    });
    const body = Buffer.concat([Buffer.from(head), Buffer.from(Float64Array.of(21).buffer)]);
    const headers = {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(head.length),
    };
    const own = await send(server.url + path, { headers, body });
    expect(own.status).toBe(200);
    const answer = await send(adapter.url + path, { headers, body });
    expect(answer.status).toBe(200);
    const length = Number(answer.headers['inference-header-content-length']);
    expect(length).toBe(Number(own.headers['inference-header-content-length']));
    expect(answer.body.readDoubleLE(length)).toBe(42);
  });
});

describe.skipIf(server.missing)("KServe over TensorFlow's REST protocol (its v1)", () => {
  const adapter = useAdapter(() => ({
    SELDON_PROTOCOL: 'tensorflow',
    MODEL_NAME: 'doubler',
    PREDICTOR_URL: server.url,
  }));
  const path = '/v1/models/doubler:predict';
  const payload = (...numbers: number[]) => JSON.stringify({ instances: [numbers] });

  test('an event is predicted and answered with our attributes alone', async () => {
    const answer = await send(adapter.url, { headers: ceHeaders(), body: payload(1, 2) });
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({ predictions: [[2, 4]] });
    expect(attributesIn(answer.headers)).toEqual(replyAttributes);
  });

  test('an ordinary request is answered', async () => {
    const answer = await send(adapter.url + path, { headers: json, body: payload(3) });
    expect(answer.json()).toEqual({ predictions: [[6]] });
  });

  test.each([
    ['a model that raises', payload(-1), 502, 500],
    ['a payload that the model refuses', payload(1001), 400, 400],
    ['half a document', '{"instances":', 400, 400],
  ])("%s: an event gets a problem, a caller the server's words", async (...row) => {
    const [, body, status, plainStatus] = row;
    const event = await send(adapter.url, { headers: ceHeaders(), body });
    expect([event.status, event.headers['content-type']]).toEqual([
      status,
      'application/problem+json',
    ]);
    const plain = await send(adapter.url + path, { headers: json, body });
    expect(plain.status).toBe(plainStatus);
    expect(plain.json()).toHaveProperty('error');
  });

  test('the status of the model is passed on, and it is ready', async () => {
    const answer = await get(`${adapter.url}/v1/models/doubler`);
    expect(answer.json()).toMatchObject({ name: 'doubler', ready: true });
    expect((await get(`${adapter.url}/readyz`)).status).toBe(200);
  });
});
