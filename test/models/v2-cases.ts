/** What holds of the adapter in front of any server of the v2 protocol, over both transports. */

import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { ceHeaders, get, openAdapter, send, useAdapter } from '../support/adapter.ts';
import { openGrpcClient } from '../support/grpc-client.ts';
import { attributesIn, methodOf, protobuf, protobufEvent, replyAttributes } from './messages.ts';
import type { UsedServer } from './model-server.ts';

export interface V2Server {
  /** As its metadata have it. */
  readonly name: string;
  readonly server: UsedServer;
  /** The gRPC status of a message that names a model it does not have. */
  readonly modelUnknown: string;
  /** What a model that raises answers over gRPC. */
  readonly raised: string;
  /** So many numbers make a message that is larger than it takes over gRPC. */
  readonly tooMany: number;
}

const json = { 'content-type': 'application/json' };
export const v2Payload = (...data: number[]) =>
  JSON.stringify({ inputs: [{ name: 'x', shape: [1, data.length], datatype: 'FP64', data }] });

interface Prediction {
  readonly model_name: string;
  readonly outputs: readonly { readonly data: readonly number[] }[];
}

/** The numbers that a REST answer holds. */
const numbersOf = (answer: { json: <T>() => T }) => answer.json<Prediction>().outputs[0]?.data;

export function describeV2OverRest({ name, server }: V2Server): void {
  describe.skipIf(server.missing)(`${name} over REST`, () => {
    const adapter = useAdapter(() => ({
      SELDON_PROTOCOL: 'v2',
      MODEL_NAME: 'doubler',
      PREDICTOR_URL: server.url,
    }));
    const infer = () => `${adapter.url}/v2/models/doubler/infer`;

    test("a binary event's reply has our attributes, and none of the server's", async () => {
      const answer = await send(adapter.url, { headers: ceHeaders(), body: v2Payload(1, 2) });
      expect(answer.status).toBe(200);
      expect(numbersOf(answer)).toEqual([2, 4]);
      expect(attributesIn(answer.headers)).toEqual(replyAttributes);
      expect(answer.headers).toMatchObject({
        'content-type': 'application/json',
        'ce-type': 'seldon.iris.tests.response',
        'ce-source': 'seldon.iris.tests',
        'ce-causationid': 'event-1',
        'ce-specversion': '1.0',
      });
    });

    test('a structured event is answered in kind', async () => {
      const attributes = { specversion: '1.0', id: 's', source: '/tests', type: 't' };
      const data = JSON.parse(v2Payload(3));
      const answer = await send(adapter.url, {
        headers: { 'content-type': 'application/cloudevents+json' },
        body: JSON.stringify({ ...attributes, datacontenttype: 'application/json', data }),
      });
      const reply = answer.json<{ type: string; data: Prediction }>();
      expect(reply).toMatchObject({ type: 'seldon.iris.tests.response', causationid: 's' });
      expect(reply.data.outputs[0]?.data).toEqual([6]);
      expect(JSON.stringify(reply)).not.toMatch(/modelid|inferenceservicename/);
    });

    test('a batch of events is answered event by event', async () => {
      const event = (id: string, ...numbers: number[]) => ({
        ...{ specversion: '1.0', id, source: '/tests', type: 't' },
        ...{ datacontenttype: 'application/json', data: JSON.parse(v2Payload(...numbers)) },
      });
      const answer = await send(adapter.url, {
        headers: { 'content-type': 'application/cloudevents-batch+json' },
        body: JSON.stringify([event('a', 1), event('b', 1001), event('c', 3)]),
      });
      const replies = answer.json<{ type: string; causationid: string; data: Prediction }[]>();
      expect(replies.map(({ causationid, type }) => [causationid, type.split('.').at(-1)])).toEqual(
        [
          ['a', 'response'],
          ['b', 'error'],
          ['c', 'response'],
        ],
      );
      expect(replies[2]?.data.outputs[0]?.data).toEqual([6]);
    });

    test('an ordinary request gets the answer of the server, without its context attributes', async () => {
      const answer = await send(infer(), { headers: json, body: v2Payload(4) });
      expect(answer.status).toBe(200);
      expect(numbersOf(answer)).toEqual([8]);
      expect(attributesIn(answer.headers)).toEqual([]);
    });

    test('a model that raises: 502 for an event, 500 for an ordinary request', async () => {
      const body = v2Payload(-1);
      const event = await send(adapter.url, { headers: ceHeaders(), body });
      expect([event.status, event.headers['content-type']]).toEqual([
        502,
        'application/problem+json',
      ]);
      const plain = await send(infer(), { headers: json, body });
      expect(plain.status).toBe(500);
      expect(plain.text).toContain('nothing below zero is doubled');
    });

    // uvicorn closes the connection of a call on which the model raised, and does not say so.
    test('a model that raises costs only the event that it raised on', async () => {
      for (let n = 0; n < 10; n += 1) {
        const failed = await send(adapter.url, { headers: ceHeaders(), body: v2Payload(-1) });
        const next = await send(adapter.url, { headers: ceHeaders(), body: v2Payload(n) });
        expect([failed.status, next.status]).toEqual([502, 200]);
      }
      expect((await get(`${adapter.url}/readyz`)).status).toBe(200);
    });

    test.each([
      ['a payload that the model refuses', v2Payload(1001), 400, 'too large to double'],
      ['half a document', '{"inputs":', 422, 'JSON'],
      ['a document of another kind', '{"instances":[[1]]}', 422, 'inputs'],
    ])("%s: the event is at fault, in the server's words", async (_, body, status, words) => {
      const event = await send(adapter.url, { headers: ceHeaders(), body });
      expect([event.status, event.headers['content-type']]).toEqual([
        status,
        'application/problem+json',
      ]);
      expect(event.text).toContain(words);
      const plain = await send(infer(), { headers: json, body });
      expect(plain.status).toBe(status);
    });

    test('a model that the server does not have: 404 for a caller, not ready where it is ours', async () => {
      const plain = await send(`${adapter.url}/v2/models/nobody/infer`, {
        headers: json,
        body: v2Payload(1),
      });
      expect(plain.status).toBe(404);
      const other = await openAdapter({
        SELDON_PROTOCOL: 'v2',
        MODEL_NAME: 'nobody',
        PREDICTOR_URL: server.url,
      });
      expect((await get(`${other.url}/readyz`)).status).toBe(503);
      const event = await send(other.url, { headers: ceHeaders(), body: v2Payload(1) });
      expect(event.status).toBe(502);
    });

    test('questions about the server and the model are passed on, and it is ready', async () => {
      expect((await get(`${adapter.url}/v2`)).json()).toMatchObject({ name });
      const model = await get(`${adapter.url}/v2/models/doubler`);
      expect(model.json()).toMatchObject({ name: 'doubler' });
      expect((await get(`${adapter.url}/v2/models/doubler/ready`)).status).toBe(200);
      expect((await get(`${adapter.url}/v2/models/nobody/ready`)).status).toBe(404);
      expect((await get(`${adapter.url}/readyz`)).status).toBe(200);
    });

    test('a model that is too slow: 504, and the next event is answered', async () => {
      const hasty = await openAdapter({
        SELDON_PROTOCOL: 'v2',
        MODEL_NAME: 'doubler',
        PREDICTOR_URL: server.url,
        ATTEMPT_TIMEOUT_MS: '300',
      });
      const slow = await send(hasty.url, { headers: ceHeaders(), body: v2Payload(500) });
      expect(slow.status).toBe(504);
      const next = await send(adapter.url, { headers: ceHeaders(), body: v2Payload(5) });
      expect(numbersOf(next)).toEqual([10]);
    });

    test('events that share a call (BATCH_MAX_SIZE) get replies of their own, and one that fails fails alone', async () => {
      const batching = await openAdapter({
        SELDON_PROTOCOL: 'v2',
        MODEL_NAME: 'doubler',
        PREDICTOR_URL: server.url,
        BATCH_MAX_SIZE: '8',
        BATCH_MAX_WAIT_MS: '50',
      });
      const given = [1, 2, 3, -1, 5, 6, 2001, 8, 9, 10, 11, 12];
      const answers = await Promise.all(
        given.map((n) =>
          send(batching.url, { headers: ceHeaders({ 'ce-id': `b${n}` }), body: v2Payload(n, 0) }),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual(
        given.map((n) => (n < 0 ? 502 : n > 1000 ? 400 : 200)),
      );
      const predicted = answers.filter(({ status }) => status === 200);
      expect(predicted.map(numbersOf)).toEqual(
        given.filter((n) => n > 0 && n < 1000).map((n) => [2 * n, 0]),
      );
    });

    test('sixty events at once are each answered with their own prediction', async () => {
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          send(adapter.url, { headers: ceHeaders({ 'ce-id': `many-${n}` }), body: v2Payload(n) }),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      expect(answers.map(numbersOf)).toEqual(answers.map((_, n) => [2 * n]));
    });
  });
}

const service = 'inference.GRPCInferenceService';
export const infer = methodOf('v2', service, 'ModelInfer');
export const inferRequest = 'inference.ModelInferRequest';
const inferResponse = 'inference.ModelInferResponse';

/** A request with its numbers as `contents`, of the model that it names. */
export const v2Message = (numbers: readonly number[], model = 'doubler') =>
  infer.encode({
    model_name: model,
    id: 'mine',
    inputs: [
      {
        name: 'x',
        datatype: 'FP64',
        shape: [1, numbers.length],
        contents: { fp64_contents: numbers },
      },
    ],
  });

const asBytes = (numbers: readonly number[]) => Buffer.from(Float64Array.from(numbers).buffer);

/** Likewise with its numbers as bytes. */
const rawMessage = (numbers: readonly number[]) =>
  infer.encode({
    model_name: 'doubler',
    inputs: [{ name: 'x', datatype: 'FP64', shape: [1, numbers.length] }],
    raw_input_contents: [asBytes(numbers)],
  });

/** The numbers that an answer has as `contents`. */
export const contentsOf = (answer: Uint8Array | undefined): number[] =>
  infer.decode(answer).outputs[0].contents.fp64_contents;

/** An input whose length says that more follows. */
const broken = Buffer.from([0x2a, 0x7f, 0x01]);

export function describeV2OverGrpc(options: V2Server): void {
  const { name, server } = options;
  describe.skipIf(server.missing)(`${name} over gRPC`, () => {
    const adapter = useAdapter(() => ({
      SELDON_PROTOCOL: 'v2',
      MODEL_NAME: 'doubler',
      PREDICTOR_URL: server.grpcUrl,
      GRPC_PORT: '0',
    }));
    const call = (method: string, message: Uint8Array) =>
      openGrpcClient(adapter.grpcPort)(`/${service}/${method}`, message);

    test('an event is predicted and answered with a reply event', async () => {
      const answer = await send(adapter.url, {
        headers: protobufEvent(inferRequest),
        body: v2Message([1, 2]),
      });
      expect(answer.status).toBe(200);
      expect(contentsOf(answer.body)).toEqual([2, 4]);
      expect(attributesIn(answer.headers)).toEqual([...replyAttributes, 'ce-protoname'].sort());
      expect(answer.headers).toMatchObject({
        'content-type': protobuf,
        'ce-protoname': inferResponse,
      });
    });

    test('an ordinary request is answered', async () => {
      const answer = await send(`${adapter.url}/v2/models/doubler/infer`, {
        headers: { 'content-type': protobuf, 'proto-name': inferRequest },
        body: v2Message([3]),
      });
      expect(answer.headers['proto-name']).toBe(inferResponse);
      expect(contentsOf(answer.body)).toEqual([6]);
    });

    test('a call is answered with the id that it came with', async () => {
      const answer = await call('ModelInfer', v2Message([4, 5]));
      expect(answer.status).toBe('OK');
      expect(infer.decode(answer.message)).toMatchObject({ id: 'mine', model_name: 'doubler' });
      expect(contentsOf(answer.message)).toEqual([8, 10]);
      const metadata = { ...answer.metadata.getMap(), ...answer.trailers.getMap() };
      expect(attributesIn(metadata)).toEqual([]);
    });

    test('raw contents are answered with raw contents', async () => {
      const answer = await call('ModelInfer', rawMessage([6, 7]));
      expect(infer.decode(answer.message).raw_output_contents).toEqual([asBytes([12, 14])]);
      const event = await send(adapter.url, {
        headers: protobufEvent(inferRequest),
        body: rawMessage([0.5]),
      });
      expect(infer.decode(event.body).raw_output_contents).toEqual([asBytes([1])]);
    });

    test.each([
      ['a model that raises', v2Message([-1]), options.raised, 502],
      ['a payload that the model refuses', v2Message([1001]), 'INVALID_ARGUMENT', 400],
      ['a message of another kind', broken, 'UNKNOWN', 400],
      ['a model that the server lacks', v2Message([1], 'nobody'), options.modelUnknown, 422],
    ])("%s: a caller gets the server's status, an event a problem", async (...row) => {
      const [, body, grpcStatus, status] = row;
      expect(await call('ModelInfer', body)).toMatchObject({ status: grpcStatus });
      const event = await send(adapter.url, { headers: protobufEvent(inferRequest), body });
      expect([event.status, event.headers['content-type']]).toEqual([
        status,
        'application/problem+json',
      ]);
    });

    test('questions about the server and the model are passed on, and it is ready', async () => {
      const ask = async (method: string, request: object) => {
        const { encode, decode } = methodOf('v2', service, method);
        const answer = await call(method, encode(request));
        return answer.status === 'OK' ? decode(answer.message) : answer.status;
      };
      expect(await ask('ServerMetadata', {})).toMatchObject({ name });
      expect(await ask('ModelMetadata', { name: 'doubler' })).toMatchObject({ name: 'doubler' });
      expect(await ask('ModelReady', { name: 'doubler' })).toEqual({ ready: true });
      expect(await ask('ServerReady', {})).toEqual({ ready: true });
      expect(await ask('ServerLive', {})).toEqual({ live: true });
      expect(await ask('ModelMetadata', { name: 'nobody' })).toBe(options.modelUnknown);
      expect((await get(`${adapter.url}/readyz`)).status).toBe(200);
    });

    test("the protocol's own HTTP paths ask it the same, and answer in JSON", async () => {
      const json = async (path: string) => {
        const answer = await get(adapter.url + path);
        return [answer.status, answer.json()];
      };
      expect(await json('/v2')).toEqual([200, expect.objectContaining({ name })]);
      expect(await json('/v2/models/doubler')).toEqual([
        200,
        expect.objectContaining({ name: 'doubler' }),
      ]);
      expect(await json('/v2/models/doubler/ready')).toEqual([
        200,
        expect.objectContaining({ name: 'doubler', ready: true }),
      ]);
    });

    test('a model of ours that the server does not have: not ready, and a call says so', async () => {
      const other = await openAdapter({
        SELDON_PROTOCOL: 'v2',
        MODEL_NAME: 'nobody',
        PREDICTOR_URL: server.grpcUrl,
      });
      expect((await get(`${other.url}/readyz`)).status).toBe(503);
      const event = await send(other.url, {
        headers: protobufEvent(inferRequest),
        body: v2Message([1], 'nobody'),
      });
      expect(event.status).toBe(502);
    });

    test('a model that is too slow: DEADLINE_EXCEEDED or 504, and the next call is answered', async () => {
      const hasty = await openAdapter({
        SELDON_PROTOCOL: 'v2',
        MODEL_NAME: 'doubler',
        PREDICTOR_URL: server.grpcUrl,
        GRPC_PORT: '0',
        ATTEMPT_TIMEOUT_MS: '300',
      });
      const slow = v2Message([500]);
      const answer = await openGrpcClient(hasty.grpcPort)(infer.path, slow);
      expect(answer.status).toBe('DEADLINE_EXCEEDED');
      const event = await send(hasty.url, { headers: protobufEvent(inferRequest), body: slow });
      expect(event.status).toBe(504);
      expect(contentsOf((await call('ModelInfer', v2Message([5]))).message)).toEqual([10]);
    });

    test('a message beyond the limit of the server: RESOURCE_EXHAUSTED, and 413 for an event', async () => {
      const roomy = await openAdapter({
        SELDON_PROTOCOL: 'v2',
        MODEL_NAME: 'doubler',
        PREDICTOR_URL: server.grpcUrl,
        GRPC_PORT: '0',
        MAX_BODY_BYTES: String(64 * 1024 * 1024),
      });
      const body = rawMessage(Array.from({ length: options.tooMany }, () => 1));
      const answer = await openGrpcClient(roomy.grpcPort)(infer.path, body);
      expect(answer.status).toBe('RESOURCE_EXHAUSTED');
      const event = await send(roomy.url, { headers: protobufEvent(inferRequest), body });
      expect(event.status).toBe(413);
    });

    test('forty calls at once are each answered with their own prediction', async () => {
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, n) => call('ModelInfer', v2Message([n]))),
      );
      expect(answers.map(({ message }) => contentsOf(message))).toEqual(
        answers.map((_, n) => [2 * n]),
      );
    });
  });
}
