/** The adapter in front of Seldon's own Python wrapper. */

import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { ceHeaders, get, openAdapter, send, useAdapter } from '../support/adapter.ts';
import { openGrpcClient } from '../support/grpc-client.ts';
import { attributesIn, methodOf, protobuf, protobufEvent, replyAttributes } from './messages.ts';
import { seldonModel, useModelServer } from './model-server.ts';

const server = await useModelServer(seldonModel);
const json = { 'content-type': 'application/json' };
const payload = (...numbers: number[]) => JSON.stringify({ data: { ndarray: [numbers] } });

interface Prediction {
  readonly data: { readonly ndarray: number[][] };
  readonly meta: { readonly puid?: string; readonly tags: Readonly<Record<string, unknown>> };
}

describe.skipIf(server.missing)("Seldon's Python wrapper over REST", () => {
  const adapter = useAdapter(() => ({ PREDICTOR_URL: server.url }));
  const predictions = () => `${adapter.url}/api/v1.0/predictions`;

  test('a binary event is predicted and answered with a reply event', async () => {
    const answer = await send(adapter.url, { headers: ceHeaders(), body: payload(1, 2) });
    expect(answer.status).toBe(200);
    expect(answer.json<Prediction>().data.ndarray).toEqual([[2, 4]]);
    expect(attributesIn(answer.headers)).toEqual(replyAttributes);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'ce-type': 'seldon.iris.tests.response',
      'ce-causationid': 'event-1',
      'seldon-puid': answer.headers['ce-id'],
    });
  });

  test('a structured event is answered in kind', async () => {
    const headers = { 'content-type': 'application/cloudevents+json' };
    const attributes = { specversion: '1.0', id: 's', source: '/tests', type: 't' };
    const data = { data: { ndarray: [[3]] } };
    const answer = await send(adapter.url, {
      headers,
      body: JSON.stringify({ ...attributes, datacontenttype: 'application/json', data }),
    });
    expect(answer.json()).toMatchObject({
      type: 'seldon.iris.tests.response',
      causationid: 's',
      data: { data: { ndarray: [[6]] } },
    });
  });

  test("an ordinary request gets the wrapper's own answer", async () => {
    const body = JSON.stringify({ data: { ndarray: [[1]] }, meta: { puid: 'mine' } });
    const answer = await send(predictions(), {
      headers: { ...json, 'seldon-puid': 'mine' },
      body,
    });
    const own = await send(`${server.url}/predict`, { headers: json, body });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(own.text);
    expect(answer.json<Prediction>().meta.puid).toBe('mine');
    expect(answer.headers['seldon-puid']).toBe('mine');
    expect(attributesIn(answer.headers)).toEqual([]);
  });

  test.each([
    ['raises', payload(-1), 502, 'nothing below zero is doubled'],
    ['refuses the payload', payload(1001), 400, 'too large to double'],
    ['is sent half a document', '{"data":', 400, 'find JSON'],
  ])('a model that %s: the event is answered with a problem that quotes it', async (...row) => {
    const [, body, status, words] = row;
    const answer = await send(adapter.url, { headers: ceHeaders(), body });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.text).toContain(words);
    expect(attributesIn(answer.headers)).toEqual([]);
  });

  test.each([
    ['raises', payload(-1), 500, 'MICROSERVICE_INTERNAL_ERROR'],
    ['refuses the payload', payload(1001), 400, 'MICROSERVICE_BAD_DATA'],
  ])("a model that %s: an ordinary request gets the wrapper's own words", async (...row) => {
    const [, body, status, reason] = row;
    const answer = await send(predictions(), { headers: json, body });
    expect(answer.status).toBe(status);
    expect(answer.json()).toMatchObject({ status: { reason } });
  });

  test('feedback reaches the model, as a request and as an event', async () => {
    const rewards = async (): Promise<number> => {
      const answer = await send(predictions(), { headers: json, body: payload(1) });
      return Number(answer.json<Prediction>().meta.tags['rewards']);
    };
    const before = await rewards();
    const request = { data: { ndarray: [[1]] } };
    const feedback = JSON.stringify({
      request,
      response: { data: { ndarray: [[2]] } },
      reward: 2.5,
    });
    const plain = await send(`${adapter.url}/api/v1.0/feedback`, { headers: json, body: feedback });
    expect(plain.status).toBe(200);
    expect(await rewards()).toBe(before + 2.5);
    const headers = ceHeaders({ 'ce-type': 'seldon.iris.tests.feedback' });
    const event = await send(adapter.url, { headers, body: feedback });
    expect([event.status, event.text]).toEqual([200, '']);
    expect(await rewards()).toBe(before + 5);
  });

  test('its status and metadata are passed on, and it is ready', async () => {
    expect((await get(`${adapter.url}/api/v1.0/status/iris`)).text).toContain('healthy');
    const metadata = await get(`${adapter.url}/api/v1.0/metadata/iris`);
    expect(metadata.json()).toMatchObject({ platform: '', versions: [''] });
    expect((await get(`${adapter.url}/readyz`)).status).toBe(200);
  });

  test('a model that is too slow: 504, and the next event is answered', async () => {
    const hasty = await openAdapter({ PREDICTOR_URL: server.url, ATTEMPT_TIMEOUT_MS: '300' });
    const slow = await send(hasty.url, { headers: ceHeaders(), body: payload(500) });
    expect(slow.status).toBe(504);
    const next = await send(adapter.url, { headers: ceHeaders(), body: payload(5) });
    expect(next.json<Prediction>().data.ndarray).toEqual([[10]]);
  });

  test('events that share a call (BATCH_MAX_SIZE) get replies of their own, and one that fails fails alone', async () => {
    const batching = await openAdapter({
      PREDICTOR_URL: server.url,
      BATCH_MAX_SIZE: '8',
      BATCH_MAX_WAIT_MS: '50',
    });
    const given = [1, 2, 3, -1, 5, 6, 2001, 8, 9, 10, 11, 12];
    const answers = await Promise.all(
      given.map((n) =>
        send(batching.url, { headers: ceHeaders({ 'ce-id': `b${n}` }), body: payload(n, 0) }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(
      given.map((n) => (n < 0 ? 502 : n > 1000 ? 400 : 200)),
    );
    const predicted = answers.filter(({ status }) => status === 200);
    expect(predicted.map((answer) => answer.json<Prediction>().data.ndarray)).toEqual(
      given.filter((n) => n > 0 && n < 1000).map((n) => [[2 * n, 0]]),
    );
  });

  // Its workers take one call at a time and close every connection after it.
  test('sixty events at once are each answered with their own prediction', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        send(adapter.url, { headers: ceHeaders({ 'ce-id': `many-${n}` }), body: payload(n) }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(answers.map((answer) => answer.json<Prediction>().data.ndarray)).toEqual(
      answers.map((_, n) => [[2 * n]]),
    );
  });
});

const seldonMessage = 'seldon.protos.SeldonMessage';
const predict = methodOf('seldon', 'seldon.protos.Seldon', 'Predict');
const message = (...values: number[]) =>
  predict.encode({ data: { tensor: { shape: [1, values.length], values } } });
const doubled = (...values: number[]) => ({
  data: { tensor: { shape: [1, values.length], values } },
});
/** A tensor whose length says that more follows. */
const broken = Buffer.from([0x1a, 0x7f, 0x01]);

describe.skipIf(server.missing).each(['model', 'seldon'])(
  "Seldon's Python wrapper over gRPC, called as the service %s",
  (service) => {
    const adapter = useAdapter(() => ({
      PREDICTOR_URL: server.grpcUrl,
      SELDON_GRPC_SERVICE: service,
      GRPC_PORT: '0',
    }));

    test('an event is predicted and answered with a reply event', async () => {
      const answer = await send(adapter.url, {
        headers: protobufEvent(seldonMessage),
        body: message(1, 2),
      });
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        'content-type': protobuf,
        'ce-protoname': seldonMessage,
        'ce-type': 'seldon.iris.tests.response',
      });
      expect(predict.decode(answer.body)).toMatchObject(doubled(2, 4));
    });

    test('an ordinary request is answered', async () => {
      const answer = await send(`${adapter.url}/api/v1.0/predictions`, {
        headers: { 'content-type': protobuf, 'proto-name': seldonMessage },
        body: message(4),
      });
      expect(answer.headers['proto-name']).toBe(seldonMessage);
      expect(predict.decode(answer.body)).toMatchObject(doubled(8));
    });

    test.each(['Seldon', 'Model'])('a call of %s/Predict is answered', async (name) => {
      const call = openGrpcClient(adapter.grpcPort);
      const metadata = { 'seldon-puid': 'mine' };
      const answer = await call(`/seldon.protos.${name}/Predict`, message(5), { metadata });
      expect(answer.status).toBe('OK');
      expect(predict.decode(answer.message)).toMatchObject(doubled(10));
      expect(answer.metadata.get('seldon-puid')).toEqual(['mine']);
    });

    test('its metadata are asked for there, and its health, which it does not tell, is 501', async () => {
      const metadata = await get(`${adapter.url}/api/v1.0/metadata/iris`);
      expect([metadata.status, metadata.json()]).toEqual([
        200,
        expect.objectContaining({ platform: '', versions: [''] }),
      ]);
      const health = await get(`${adapter.url}/api/v1.0/status/iris`);
      expect(health.status).toBe(501);
    });

    test.each([
      ['raises', message(-1), 'UNKNOWN', 502, 'nothing below zero is doubled'],
      ['is sent no message of its kind', broken, 'INTERNAL', 400, 'deserializing'],
    ])('a model that %s: a caller gets its own status, an event a problem', async (...row) => {
      const [, body, grpcStatus, status, words] = row;
      const call = openGrpcClient(adapter.grpcPort);
      const answer = await call(predict.path, body);
      expect(answer).toMatchObject({ status: grpcStatus });
      expect(answer.details).toContain(words);
      const event = await send(adapter.url, { headers: protobufEvent(seldonMessage), body });
      expect([event.status, event.headers['content-type']]).toEqual([
        status,
        'application/problem+json',
      ]);
      expect(event.text).toContain(words);
    });

    test('a model that is too slow: DEADLINE_EXCEEDED or 504, and the next call is answered', async () => {
      const hasty = await openAdapter({
        PREDICTOR_URL: server.grpcUrl,
        GRPC_PORT: '0',
        ATTEMPT_TIMEOUT_MS: '300',
      });
      const answer = await openGrpcClient(hasty.grpcPort)(predict.path, message(500));
      expect(answer.status).toBe('DEADLINE_EXCEEDED');
      const headers = protobufEvent(seldonMessage);
      expect((await send(hasty.url, { headers, body: message(500) })).status).toBe(504);
      const next = await send(adapter.url, { headers, body: message(5) });
      expect(predict.decode(next.body)).toMatchObject(doubled(10));
    });

    test('a message beyond the limit of the server: RESOURCE_EXHAUSTED, and 413 for an event', async () => {
      const roomy = await openAdapter({
        PREDICTOR_URL: server.grpcUrl,
        GRPC_PORT: '0',
        MAX_BODY_BYTES: String(64 * 1024 * 1024),
      });
      const body = message(...Array.from({ length: 50_000 }, () => 1));
      const large = Buffer.concat(Array.from({ length: 12 }, () => body));
      const answer = await openGrpcClient(roomy.grpcPort)(predict.path, large);
      expect(answer.status).toBe('RESOURCE_EXHAUSTED');
      const event = await send(roomy.url, { headers: protobufEvent(seldonMessage), body: large });
      expect(event.status).toBe(413);
    });

    test('forty calls at once are each answered with their own prediction', async () => {
      const call = openGrpcClient(adapter.grpcPort);
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, n) => call(predict.path, message(n))),
      );
      expect(answers.map((answer) => predict.decode(answer.message).data.tensor.values)).toEqual(
        answers.map((_, n) => [2 * n]),
      );
    });
  },
);

describe.skipIf(server.missing)("Seldon's Python wrapper on the wrong port", () => {
  test('HTTP where gRPC was expected: not ready, and an event is told what to check', async () => {
    const adapter = await openAdapter({ PREDICTOR_URL: `grpc://127.0.0.1:${server.httpPort}` });
    expect((await get(`${adapter.url}/readyz`)).status).toBe(503);
    const headers = protobufEvent(seldonMessage);
    const answer = await send(adapter.url, { headers, body: message(1) });
    expect(answer.status).toBe(502);
  });

  test('gRPC where HTTP was expected: not ready, and an event is told what to check', async () => {
    const adapter = await openAdapter({ PREDICTOR_URL: `http://127.0.0.1:${server.grpcPort}` });
    expect((await get(`${adapter.url}/readyz`)).status).toBe(503);
    const answer = await send(adapter.url, { headers: ceHeaders(), body: payload(1) });
    expect(answer.status).toBe(502);
  });
});
