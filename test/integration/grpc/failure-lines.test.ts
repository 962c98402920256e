/** One line for each failure of a gRPC call: what failed, of which class, and what happens next. */

import { status as grpcStatus } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ceHeaders,
  eventually,
  openAdapter,
  send,
  type TestAdapter,
  useAdapter,
} from '../../support/adapter.ts';
import { openGrpcClient } from '../../support/grpc-client.ts';
import { useGrpcPredictor } from '../../support/grpc-predictor.ts';
import { goodHeaders, goodMessage as message } from '../../support/raw-grpc.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';

const method = goodHeaders[':path'];
const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-00`;
const predictor = useGrpcPredictor();
const failures = ({ log }: TestAdapter) =>
  log.filter(({ level }) => level === 'warn' || level === 'error');

const call = (adapter: TestAdapter, timeoutMs = 20_000) =>
  openGrpcClient(adapter.grpcPort)(method, message, { metadata: { traceparent }, timeoutMs });

type Row = readonly [
  name: keyof typeof grpcStatus,
  code: string,
  fault: string,
  /** What a Trigger is answered. */
  http: number,
];
const rows: readonly Row[] = [
  ['INVALID_ARGUMENT', 'PREDICTOR_REFUSED', 'record', 400],
  ['OUT_OF_RANGE', 'PREDICTOR_REFUSED', 'record', 400],
  ['NOT_FOUND', 'PREDICTOR_MISCONFIGURED', 'deployment', 502],
  ['UNIMPLEMENTED', 'PREDICTOR_MISCONFIGURED', 'deployment', 502],
  ['PERMISSION_DENIED', 'PREDICTOR_MISCONFIGURED', 'deployment', 502],
  ['UNAUTHENTICATED', 'PREDICTOR_MISCONFIGURED', 'deployment', 502],
  ['INTERNAL', 'PREDICTOR_FAILED', 'transient', 502],
  ['UNKNOWN', 'PREDICTOR_FAILED', 'transient', 502],
  ['UNAVAILABLE', 'PREDICTOR_BUSY', 'transient', 502],
  ['RESOURCE_EXHAUSTED', 'PREDICTOR_BUSY', 'transient', 502],
];

/** The predictor refuses every call like that, with words that are nobody's business. */
const refuseWith = (name: keyof typeof grpcStatus): void => {
  predictor.answer = (_call, reply) =>
    reply({ code: Number(grpcStatus[name]), details: 'PAYLOAD-WORDS' });
};

describe('a call of our gRPC server', () => {
  const adapter = useAdapter(() => ({ PREDICTOR_URL: predictor.url, GRPC_PORT: '0' }));

  test.each(rows)(
    'that the predictor answers %s: one line with method, code, class, status, trace and what is next',
    async (name, code, fault) => {
      refuseWith(name);
      const answer = await call(adapter);
      expect(answer.status).toBe(name);
      const mayPass = name === 'UNAVAILABLE' || name === 'RESOURCE_EXHAUSTED';
      expect(failures(adapter)).toEqual([
        {
          level: 'warn',
          message: 'the call was answered with an error',
          fields: {
            ...{ method, code, fault, traceId, status: name },
            reason: expect.stringMatching(/./),
            next: `answered ${name}: the caller ${mayPass ? 'may call again' : 'decides'}`,
          },
        },
      ]);
      expect(JSON.stringify(adapter.log)).not.toContain('PAYLOAD-WORDS');
    },
  );

  test('that the caller gives up: it is told nothing, and neither is the log', async () => {
    predictor.answer = () => undefined;
    expect((await call(adapter, 300)).status).toBe('DEADLINE_EXCEEDED');
    predictor.answer = (_call, reply) => reply(null, Buffer.alloc(0));
    await call(adapter);
    const told = failures(adapter).map(({ fields }) => fields['code']);
    expect(told.filter((code) => code !== 'DEADLINE_EXCEEDED')).toEqual([]);
    expect(told.length).toBeLessThanOrEqual(1);
  });
});

describe('a call that we refuse', () => {
  let issuer: TokenIssuer;
  beforeAll(async () => {
    issuer = await startTokenIssuer();
  });
  afterAll(() => issuer.close());

  test('for want of a token: one line', async () => {
    const adapter = await openAdapter({
      ...{ PREDICTOR_URL: predictor.url, GRPC_PORT: '0', OIDC_ISSUER: issuer.issuer },
    });
    expect((await call(adapter)).status).toBe('UNAUTHENTICATED');
    expect(failures(adapter)).toMatchObject([
      {
        level: 'warn',
        fields: {
          ...{ method, code: 'TOKEN_REFUSED', fault: 'caller', traceId },
          next: 'answered UNAUTHENTICATED: the caller decides',
        },
      },
    ]);
  });

  test('since nobody serves: one line', async () => {
    const adapter = await openAdapter({ PREDICTOR_URL: 'grpc://127.0.0.1:1', GRPC_PORT: '0' });
    expect((await call(adapter)).status).toBe('UNAVAILABLE');
    // What is told of the predictor at the start is not what the call set off.
    const ofCalls = failures(adapter).filter(({ fields }) => fields['method'] !== undefined);
    expect(ofCalls).toMatchObject([
      {
        fields: {
          ...{ method, code: 'PREDICTOR_UNREACHABLE', fault: 'transient', status: 'UNAVAILABLE' },
          next: 'answered UNAVAILABLE: the caller may call again',
        },
      },
    ]);
  });

  test('since there are too many: told at debug alone', async () => {
    const settings = { MAX_CONCURRENCY: '1', MAX_WAITING: '0' };
    const adapter = await openAdapter({
      ...{ PREDICTOR_URL: predictor.url, GRPC_PORT: '0' },
      ...settings,
    });
    let answerFirst = (): void => undefined;
    predictor.answer = (_call, reply) => {
      answerFirst = () => reply(null, Buffer.alloc(0));
    };
    const first = call(adapter);
    await eventually(() => predictor.calls.length === 1);
    expect((await call(adapter)).status).toBe('RESOURCE_EXHAUSTED');
    answerFirst();
    expect((await first).status).toBe('OK');
    expect(failures(adapter)).toEqual([]);
    const told = adapter.log.filter(({ fields }) => fields['code'] === 'OVERLOADED');
    expect(told).toMatchObject([
      {
        level: 'debug',
        message: 'the call was turned away',
        fields: { method, fault: 'overload', next: expect.stringContaining('may call again') },
      },
    ]);
  });
});

describe('an event before a predictor over gRPC', () => {
  const adapter = useAdapter(() => ({ PREDICTOR_URL: predictor.url }));

  test.each(rows)(
    'that answers %s: one line with id, source, code, class, status, trace and what is next',
    async (name, code, fault, status) => {
      refuseWith(name);
      const answer = await send(adapter.url, {
        headers: ceHeaders({
          ...{ 'ce-id': 'e-7', 'ce-source': '/log', traceparent },
          ...{ 'content-type': 'application/x-protobuf' },
          'proto-name': 'seldon.protos.SeldonMessage',
        }),
        body: message,
      });
      expect(answer.status).toBe(status);
      const [line, ...others] = failures(adapter);
      expect(others).toEqual([]);
      expect(line).toMatchObject({
        level: 'warn',
        message: 'the request was answered with an error',
        fields: { id: 'e-7', source: '/log', code, fault, status, traceId },
      });
      const next = status === 400 ? 'Knative dead-letters it' : 'the sender retries';
      expect(line?.fields['next']).toMatch(new RegExp(`^answered ${status}: .*${next}$`));
      expect(JSON.stringify(line)).toContain(name);
    },
  );
});
