/** A predictor over gRPC, called from HTTP: every protocol in every form, bytes untouched. */

import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import {
  type Answer,
  ceHeaders,
  eventually,
  get,
  irisPayloads,
  openAdapter,
  predictionPaths,
  protocolNames,
  send,
  useAdapter,
} from '../../support/adapter.ts';
import { grpcAnswer, predictMethods, useGrpcPredictor } from '../../support/grpc-predictor.ts';
import { expectProblem, record } from '../http/problems.ts';

const names = {
  seldon: ['seldon.protos.SeldonMessage', 'seldon.protos.SeldonMessage'],
  tensorflow: ['tensorflow.serving.PredictRequest', 'tensorflow.serving.PredictResponse'],
  v2: ['inference.ModelInferRequest', 'inference.ModelInferResponse'],
} as const;

/** No UTF-8, and not the canonical form of any message: only bytes that pass through survive. */
const message = Buffer.from([0x0a, 0x02, 0xc3, 0x28, 0xf8, 0x06, 0x81, 0x00]);
const trace = {
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  tracestate: 'a=1',
};
const unsupported = { ...record, status: 415, code: 'PAYLOAD_UNSUPPORTED' };

describe.each(protocolNames)('protocol %s', (protocol) => {
  const predictor = useGrpcPredictor();
  const adapter = useAdapter(() => ({
    SELDON_PROTOCOL: protocol,
    PREDICTOR_URL: predictor.url,
  }));
  const [request, reply] = names[protocol];

  const expectCall = (): void => {
    expect(predictor.calls.length).toBe(1);
    const [call] = predictor.calls;
    expect(call?.path).toBe(predictMethods[protocol]);
    expect(call?.message).toEqual(message);
    expect(call?.metadata.get('seldon-puid')).toEqual(['puid-1']);
    expect(call?.metadata.get('traceparent')).toEqual([trace.traceparent]);
    expect(call?.metadata.get('tracestate')).toEqual([trace.tracestate]);
    // The attempt has a deadline, and the predictor knows it.
    expect(call?.deadline).toBeLessThan(Date.now() + 31_000);
    expect(
      Object.keys(call?.metadata.getMap() ?? {}).filter((n) => /^(ce-|proto-)/.test(n)),
    ).toEqual([]);
  };

  test.each([
    ['the extension protoname', { 'ce-protoname': request }],
    ['the header proto-name', { 'proto-name': request }],
  ])('a binary event that says its message by %s', async (_by, name) => {
    const type = 'application/x-protobuf';
    const headers = ceHeaders({ 'content-type': type, 'seldon-puid': 'puid-1', ...trace, ...name });
    const answer = await send(adapter.url, { headers, body: message });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toEqual(grpcAnswer);
    expect(answer.headers).toMatchObject({
      'content-type': type,
      'ce-type': 'seldon.iris.tests.response',
      'ce-causationid': 'event-1',
      'ce-protoname': reply,
      'proto-name': reply,
      'seldon-puid': 'puid-1',
    });
    expectCall();
  });

  test('a structured event, its message in data_base64', async () => {
    const event = {
      specversion: '1.0',
      id: 'event-1',
      source: '/tests',
      type: 'test.request',
      datacontenttype: 'application/protobuf',
      protoname: request,
      data_base64: message.toString('base64'),
      ...trace,
    };
    const headers = { 'content-type': 'application/cloudevents+json', 'seldon-puid': 'puid-1' };
    const answer = await send(adapter.url, { headers, body: JSON.stringify(event) });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json()).toMatchObject({
      datacontenttype: 'application/protobuf',
      protoname: reply,
      data_base64: grpcAnswer.toString('base64'),
      causationid: 'event-1',
    });
    expectCall();
  });

  test('a batch of events', async () => {
    const event = (id: string) => ({
      specversion: '1.0',
      id,
      source: '/tests',
      type: 'test.request',
      datacontenttype: 'application/x-protobuf',
      protoname: request,
      data_base64: message.toString('base64'),
    });
    const answer = await send(adapter.url, {
      headers: { 'content-type': 'application/cloudevents-batch+json' },
      body: JSON.stringify([event('1'), { ...event('2'), protoname: 'x.Y' }]),
    });
    const [first, second] = answer.json<Record<string, unknown>[]>();
    expect(first).toMatchObject({ protoname: reply, causationid: '1' });
    expect(second).toMatchObject({ type: 'seldon.iris.tests.error', causationid: '2' });
  });

  test('an ordinary request', async () => {
    const headers = {
      'content-type': 'application/grpc+proto',
      'proto-name': request,
      'seldon-puid': 'puid-1',
      'x-custom': 'kept',
      ...trace,
    };
    const answer = await send(adapter.url + predictionPaths[protocol], { headers, body: message });
    expect([answer.status, answer.body]).toEqual([200, grpcAnswer]);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/grpc+proto',
      'proto-name': reply,
    });
    expectCall();
    expect(predictor.calls[0]?.metadata.get('x-custom')).toEqual(['kept']);
  });

  test.each([
    ['JSON', { 'content-type': 'application/json' }, irisPayloads[protocol]],
    ['JSON that says a name', { 'ce-protoname': request }, irisPayloads[protocol]],
    ['no name', { 'content-type': 'application/x-protobuf' }, message],
    ['an empty name', { 'content-type': 'application/x-protobuf', 'proto-name': '' }, message],
    [
      'an unknown name',
      { 'content-type': 'application/x-protobuf', 'ce-protoname': 'a.B' },
      message,
    ],
    [
      'a name of Object',
      { 'content-type': 'application/x-protobuf', 'ce-protoname': 'constructor' },
      message,
    ],
    ["the reply's name", { 'content-type': 'text/plain', 'ce-protoname': reply }, message],
    [
      'a compressed body',
      {
        'content-type': 'application/x-protobuf',
        'proto-name': request,
        'content-encoding': 'gzip',
      },
      message,
    ],
  ])(
    '%s is refused, told what to send instead, and never called with',
    async (_what, more, body) => {
      const answer = await send(adapter.url, { headers: ceHeaders(more), body });
      expectProblem(answer, unsupported);
      expect(answer.json<{ detail: string }>().detail).toMatch(/; send /);
      const headers = Object.fromEntries(
        Object.entries({ 'content-type': 'application/json', ...more }).map(([name, value]) => [
          name.replace('ce-protoname', 'proto-name'),
          value,
        ]),
      );
      const plain = await send(adapter.url + predictionPaths[protocol], { headers, body });
      expect(plain.status).toBe(415);
      expect(predictor.calls).toEqual([]);
    },
  );

  test('readiness follows its health method', async () => {
    const ready = async (): Promise<Answer> => get(`${adapter.url}/readyz`);
    await eventually(async () => (await ready()).status === 200);
    predictor.others['/grpc.health.v1.Health/Check'] = (_call, answer) =>
      answer(null, Buffer.from([0x08, 0x02]));
    await eventually(async () => (await ready()).status === 503);
    expect((await ready()).text).toContain('Health/Check');
    predictor.others['/grpc.health.v1.Health/Check'] = (_call, answer) =>
      answer(null, Buffer.from([0x08, 0x01]));
    await eventually(async () => (await ready()).status === 200);
  });
});

describe('protobufs for a predictor over REST', () => {
  const adapter = useAdapter();

  test.each([
    ['content type', { 'content-type': 'application/x-protobuf' }],
    ['content type with a parameter', { 'content-type': 'Application/Protobuf; q=1' }],
    ['name', { 'content-type': 'application/json', 'proto-name': names.seldon[0] }],
  ])('are refused by their %s', async (_by, headers) => {
    expectProblem(
      await send(adapter.url, { headers: ceHeaders(headers), body: message }),
      unsupported,
    );
    const plain = await send(adapter.url + predictionPaths.seldon, { headers, body: message });
    expect(plain.json()).toMatchObject({
      status: { code: 415, status: 'FAILURE', info: expect.stringContaining('application/json') },
    });
    expect(adapter.iris.counters.predictions).toBe(0);
  });
});

describe("Seldon's services", () => {
  const predictor = useGrpcPredictor();
  const headers = ceHeaders({
    'content-type': 'application/x-protobuf',
    'ce-protoname': names.seldon[0],
  });

  test('SELDON_GRPC_SERVICE=seldon calls seldon.protos.Seldon', async () => {
    const adapter = await openAdapter({
      PREDICTOR_URL: predictor.url,
      SELDON_GRPC_SERVICE: 'seldon',
    });
    expect((await send(adapter.url, { headers, body: message })).status).toBe(200);
    expect(predictor.calls[0]?.path).toBe(predictMethods.seldonService);
  });

  test('ENGINE_PREDICTOR with a gRPC endpoint is called over gRPC', async () => {
    const graph = {
      name: 'iris',
      type: 'MODEL',
      endpoint: {
        service_host: '127.0.0.1',
        service_port: predictor.port,
        httpPort: 1,
        type: 'GRPC',
      },
    };
    const adapter = await openAdapter({
      PREDICTOR_URL: '',
      ENGINE_PREDICTOR: Buffer.from(JSON.stringify({ name: 'p', graph })).toString('base64'),
    });
    expect((await send(adapter.url, { headers, body: message })).status).toBe(200);
    expect(predictor.calls[0]?.path).toBe(predictMethods.seldon);
  });
});
