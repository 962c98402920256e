/** The gRPC server: every protocol's services passed on as bytes, health, and what each fault is. */

import { Buffer } from 'node:buffer';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { findFreePort } from '../../../src/demo/free-port.ts';
import { eventually, openAdapter, protocolNames, useAdapter } from '../../support/adapter.ts';
import { openGrpcClient } from '../../support/grpc-client.ts';
import { grpcAnswer, predictMethods, useGrpcPredictor } from '../../support/grpc-predictor.ts';

const message = Buffer.from([0x0a, 0x02, 0xc3, 0x28, 0xf8, 0x06, 0x81, 0x00]);
const trace = {
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  tracestate: 'a=1',
};
const served = {
  seldon: ['/seldon.protos.Seldon/Predict', '/seldon.protos.Model/Predict'],
  tensorflow: ['/tensorflow.serving.PredictionService/Predict'],
  v2: ['/inference.GRPCInferenceService/ModelInfer'],
} as const;

describe.each(protocolNames)('protocol %s', (protocol) => {
  const predictor = useGrpcPredictor();
  const adapter = useAdapter(() => ({
    SELDON_PROTOCOL: protocol,
    PREDICTOR_URL: predictor.url,
    GRPC_PORT: '0',
  }));

  test.each(served[protocol])('%s passes bytes and metadata through', async (path) => {
    const call = openGrpcClient(adapter.grpcPort);
    const metadata = { 'seldon-puid': 'puid-1', ...trace, 'x-tag': 'kept', 'x-bin': message };
    const answer = await call(path, message, { metadata });
    expect([answer.status, answer.message]).toEqual(['OK', grpcAnswer]);
    expect(answer.metadata.get('seldon-puid')).toEqual(['puid-1']);
    expect(answer.metadata.get('traceparent')).toEqual([trace.traceparent]);
    expect(answer.metadata.get('tracestate')).toEqual([trace.tracestate]);
    const [made] = predictor.calls;
    expect(predictor.calls.length).toBe(1);
    expect([made?.path, made?.message]).toEqual([predictMethods[protocol], message]);
    for (const [name, value] of Object.entries(metadata)) {
      expect(made?.metadata.get(name)).toEqual([value]);
    }
  });

  test('a caller without a puid gets a fresh one', async () => {
    const call = openGrpcClient(adapter.grpcPort);
    const answers = [
      await call(served[protocol][0], message),
      await call(served[protocol][0], message),
    ];
    const puids = answers.map(({ metadata }) => metadata.get('seldon-puid')[0]);
    expect(new Set(puids).size).toBe(2);
    expect(predictor.calls.map(({ metadata }) => metadata.get('seldon-puid')[0])).toEqual(puids);
  });

  test('an empty message is a message', async () => {
    predictor.answer = (_call, reply) => reply(null, Buffer.alloc(0));
    const answer = await openGrpcClient(adapter.grpcPort)(served[protocol][0], Buffer.alloc(0));
    expect([answer.status, answer.message]).toEqual(['OK', Buffer.alloc(0)]);
    expect(predictor.calls[0]?.message).toEqual(Buffer.alloc(0));
  });

  test("feedback is of Seldon's protocol", async () => {
    const call = openGrpcClient(adapter.grpcPort);
    const answer = await call('/seldon.protos.Seldon/SendFeedback', Buffer.alloc(0));
    // Of the model, which has no such call here; or of ours.
    expect(answer.status).toBe('UNIMPLEMENTED');
    expect(answer.details).toContain(
      protocol === 'seldon' ? 'not here' : `the ${protocol} protocol`,
    );
  });

  test("another protocol's method is told which is served", async () => {
    const call = openGrpcClient(adapter.grpcPort);
    for (const other of protocolNames.filter((name) => name !== protocol)) {
      const answer = await call(served[other][0], message);
      expect(answer.status).toBe('UNIMPLEMENTED');
      expect(answer.details).toContain(`the ${protocol} protocol`);
    }
    expect(predictor.calls).toEqual([]);
  });

  test('health tells readiness', async () => {
    const call = openGrpcClient(adapter.grpcPort);
    const check = async (service = ''): Promise<unknown> => {
      const name = Buffer.from(service);
      const request = service === '' ? name : Buffer.concat([Buffer.from([10, name.length]), name]);
      const { status: told, message: reply } = await call('/grpc.health.v1.Health/Check', request);
      return reply === undefined ? told : [...reply];
    };
    await eventually(async () => JSON.stringify(await check()) === '[8,1]');
    expect(await check(served[protocol][0].split('/')[1])).toEqual([8, 1]);
    expect(await check('no.such.Service')).toBe('NOT_FOUND');
    predictor.others['/grpc.health.v1.Health/Check'] = (_call, reply) =>
      reply(null, Buffer.from([8, 2]));
    await eventually(async () => JSON.stringify(await check()) === '[8,2]');
    const [live, ready] = [
      await call('/inference.GRPCInferenceService/ServerLive', Buffer.alloc(0)),
      await call('/inference.GRPCInferenceService/ServerReady', Buffer.alloc(0)),
    ];
    expect([live.message, ready.message]).toEqual([Buffer.from([8, 1]), Buffer.alloc(0)]);
  });
});

describe('the v2 questions about a model', () => {
  const predictor = useGrpcPredictor();
  const adapter = useAdapter(() => ({
    SELDON_PROTOCOL: 'v2',
    PREDICTOR_URL: predictor.url,
    GRPC_PORT: '0',
  }));

  test.each(['ModelReady', 'ModelMetadata', 'ServerMetadata'])(
    '%s is asked of the predictor',
    async (name) => {
      const path = `/inference.GRPCInferenceService/${name}`;
      predictor.others[path] = ({ message: asked }, reply) =>
        reply(null, Buffer.concat([asked, asked]));
      const answer = await openGrpcClient(adapter.grpcPort)(path, message);
      expect(answer.message).toEqual(Buffer.concat([message, message]));
    },
  );
});

describe('faults', () => {
  const predictor = useGrpcPredictor();
  const adapter = useAdapter(() => ({
    PREDICTOR_URL: predictor.url,
    GRPC_PORT: '0',
    MAX_BODY_BYTES: '1000',
    MAX_CONCURRENCY: '2',
    MAX_WAITING: '1',
    REQUEST_TIMEOUT_MS: '1500',
  }));
  const path = served.seldon[0];
  const predict = (bytes: Uint8Array = message, options = {}) =>
    openGrpcClient(adapter.grpcPort)(path, bytes, options);

  const names = Object.keys(status).filter(
    (name) => !/^\d+$|^OK$/.test(name),
  ) as (keyof typeof status)[];
  test.each(names)("the predictor's %s is passed on, its words too", async (name) => {
    predictor.answer = (_call, reply) =>
      reply({ code: status[name], details: 'wörds 100% \n"of" 🙂' });
    const answer = await predict();
    expect(answer.status).toBe(name);
    if (name !== 'DEADLINE_EXCEEDED') expect(answer.details).toBe('wörds 100% \n"of" 🙂');
    expect(answer.trailers.get('seldon-error-code')).toHaveLength(1);
  });

  test('a message beyond MAX_BODY_BYTES is refused, and told which setting', async () => {
    expect((await predict(Buffer.alloc(1_000))).status).toBe('OK');
    const answer = await predict(Buffer.alloc(1_001));
    expect(answer.status).toBe('RESOURCE_EXHAUSTED');
    expect(answer.details).toContain('MAX_BODY_BYTES');
    expect(predictor.calls.length).toBe(1);
  });

  test("the caller's deadline is heeded, and the predictor knows it", async () => {
    let remaining = 0;
    predictor.answer = ({ deadline }) => {
      remaining = deadline - Date.now();
    };
    const answer = await predict(message, { timeoutMs: 400 });
    expect(answer.status).toBe('DEADLINE_EXCEEDED');
    expect(remaining).toBeLessThanOrEqual(401);
    // Its place is free again.
    predictor.answer = (_call, reply) => reply(null, grpcAnswer);
    expect((await predict()).status).toBe('OK');
  });

  test('REQUEST_TIMEOUT_MS bounds a caller that has more patience', async () => {
    predictor.answer = () => undefined;
    const answer = await predict();
    expect(answer.status).toBe('DEADLINE_EXCEEDED');
    expect(answer.details).toContain('REQUEST_TIMEOUT_MS');
    expect(answer.trailers.get('seldon-error-code')).toEqual(['DEADLINE_EXCEEDED']);
  });

  test('calls beyond the places of the limiter are turned away, and told when to come back', async () => {
    const waiting: (() => void)[] = [];
    predictor.answer = (_call, reply) => void waiting.push(() => reply(null, grpcAnswer));
    const running = [predict(), predict()];
    await eventually(() => waiting.length === 2);
    const third = predict();
    const turned = await eventuallyTurnedAway();
    expect(turned.details).toContain('MAX_CONCURRENCY');
    expect(Number(turned.trailers.get('grpc-retry-pushback-ms')[0])).toBeGreaterThan(0);
    for (const go of waiting) go();
    await Promise.all(running);
    await eventually(() => waiting.length === 3);
    waiting[2]?.();
    expect((await third).status).toBe('OK');
  });

  /** The third call may not wait yet when the fourth arrives: then the fourth does. */
  async function eventuallyTurnedAway() {
    for (;;) {
      const answer = await predict(message, { timeoutMs: 200 });
      if (answer.status === 'RESOURCE_EXHAUSTED') return answer;
    }
  }

  test('an unknown method is UNIMPLEMENTED', async () => {
    const call = openGrpcClient(adapter.grpcPort);
    expect((await call('/seldon.protos.Seldon/Nothing', message)).status).toBe('UNIMPLEMENTED');
    expect((await call('/a.B/C', message)).status).toBe('UNIMPLEMENTED');
  });

  test('is counted as the executor counts it', async () => {
    await predict();
    const metrics = await (await fetch(`${adapter.url}/metrics`)).text();
    expect(metrics).toMatch(
      /seldon_api_executor_server_requests_seconds_count\{[^}]*service="\/seldon.protos.Seldon\/Predict",method="unary",code="OK"/,
    );
  });
});

test('nothing listens at the predictor: UNAVAILABLE, with the words of the problem', async () => {
  const adapter = await openAdapter({
    PREDICTOR_URL: `grpc://127.0.0.1:${await findFreePort()}`,
    GRPC_PORT: '0',
    REQUEST_TIMEOUT_MS: '800',
  });
  const answer = await openGrpcClient(adapter.grpcPort)(served.seldon[0], message);
  expect([answer.status, answer.details]).toEqual([
    'UNAVAILABLE',
    expect.stringContaining('PREDICTOR_URL'),
  ]);
  expect(answer.trailers.get('seldon-error-class')).toEqual(['transient']);
});

test('a predictor over REST: every prediction is told so', async () => {
  const adapter = await openAdapter({ GRPC_PORT: '0' });
  const answer = await openGrpcClient(adapter.grpcPort)(served.seldon[0], message);
  expect([answer.status, answer.details]).toEqual([
    'UNIMPLEMENTED',
    expect.stringContaining('over REST'),
  ]);
});
