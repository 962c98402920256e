/** The adapter in front of MLServer. */

import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ceHeaders, send, useAdapter } from '../support/adapter.ts';
import { attributesIn } from './messages.ts';
import { mlserver, useModelServer } from './model-server.ts';
import { describeV2OverGrpc, describeV2OverRest, v2Payload } from './v2-cases.ts';

const server = await useModelServer(mlserver);
const v2 = {
  tooMany: 600_000,
  name: 'mlserver',
  server,
  modelUnknown: 'NOT_FOUND',
  raised: 'INTERNAL',
};

describeV2OverRest(v2);
describeV2OverGrpc(v2);

describe.skipIf(server.missing)("MLServer's own ways over REST", () => {
  const adapter = useAdapter(() => ({
    SELDON_PROTOCOL: 'v2',
    MODEL_NAME: 'doubler',
    PREDICTOR_URL: server.url,
  }));
  const json = { 'content-type': 'application/json' };
  const path = '/v2/models/doubler/infer';
  const many = Array.from({ length: 900 }, (_, n) => n);

  test('it answers with context attributes of its own, which is why they must not come along', async () => {
    const own = await send(server.url + path, { headers: json, body: v2Payload(1) });
    expect(attributesIn(own.headers)).toContain('ce-inferenceservicename');
  });

  test('a caller that takes gzip gets its gzip; an event gets what it can read', async () => {
    const headers = { ...json, 'accept-encoding': 'gzip' };
    const plain = await send(adapter.url + path, { headers, body: v2Payload(...many) });
    expect(plain.headers['content-encoding']).toBe('gzip');
    const answer = JSON.parse(gunzipSync(plain.body).toString());
    expect(answer.outputs[0].data.at(-1)).toBe(1798);
    const event = await send(adapter.url, {
      headers: { ...ceHeaders(), 'accept-encoding': 'gzip' },
      body: v2Payload(...many),
    });
    expect(event.headers['content-encoding']).toBeUndefined();
    expect(event.text).toContain('1798');
  });
});
