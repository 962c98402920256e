/** What each gRPC status is over HTTP: the table of design.md §3.3, row by row. */

import { Buffer } from 'node:buffer';
import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { findFreePort } from '../../../src/demo/free-port.ts';
import {
  ceHeaders,
  openAdapter,
  predictionPaths,
  send,
  useAdapter,
} from '../../support/adapter.ts';
import { grpcAnswer, useGrpcPredictor } from '../../support/grpc-predictor.ts';
import {
  busy,
  type Expected,
  expectProblem,
  failed,
  misconfigured,
  refused,
  transient,
} from '../http/problems.ts';

const request = 'inference.ModelInferRequest';
const body = Buffer.from([0x0a, 0x04, ...Buffer.from('iris')]);
const headers = ceHeaders({ 'content-type': 'application/x-protobuf', 'ce-protoname': request });
const plainHeaders = { 'content-type': 'application/x-protobuf', 'proto-name': request };
const deadline: Expected = { ...transient, status: 504, code: 'DEADLINE_EXCEEDED' };
const unusable: Expected = { ...transient, code: 'PREDICTOR_ANSWER_UNUSABLE' };

const statuses: readonly (readonly [keyof typeof status, Expected])[] = [
  ['CANCELLED', failed],
  ['UNKNOWN', failed],
  ['INVALID_ARGUMENT', refused(400)],
  ['DEADLINE_EXCEEDED', deadline],
  ['NOT_FOUND', misconfigured],
  ['ALREADY_EXISTS', refused(422)],
  ['PERMISSION_DENIED', misconfigured],
  ['RESOURCE_EXHAUSTED', busy],
  ['FAILED_PRECONDITION', failed],
  ['ABORTED', failed],
  ['OUT_OF_RANGE', refused(400)],
  ['UNIMPLEMENTED', misconfigured],
  ['INTERNAL', failed],
  ['UNAVAILABLE', busy],
  ['DATA_LOSS', failed],
  ['UNAUTHENTICATED', misconfigured],
];

describe('the predictor answers', () => {
  const predictor = useGrpcPredictor();
  const adapter = useAdapter(() => ({
    SELDON_PROTOCOL: 'v2',
    PREDICTOR_URL: predictor.url,
    MAX_ANSWER_BYTES: '1000',
    REQUEST_TIMEOUT_MS: '3000',
  }));
  const event = () => send(adapter.url, { headers, body });
  const plain = () => send(adapter.url + predictionPaths.v2, { headers: plainHeaders, body });

  test.each(statuses)('%s', async (name, expected) => {
    predictor.answer = (_call, reply) => reply({ code: status[name], details: 'wörds of its own' });
    const answer = await event();
    expectProblem(answer, expected);
    if (name !== 'DEADLINE_EXCEEDED') {
      expect(answer.json<{ detail: string }>().detail).toContain(name);
      expect(answer.json()).toMatchObject({
        problems: [{ where: 'predictor', reason: 'wörds of its own' }],
      });
    }
    const told = await plain();
    expect(told.status).toBe(expected.status);
    expect(told.json()).toHaveProperty('error');
  });

  test('every one of its statuses is in the table', () => {
    const all = Object.keys(status).filter((name) => !/^\d+$|^OK$/.test(name));
    expect(statuses.map(([name]) => name).toSorted()).toEqual(all.toSorted());
  });

  test.each([
    ['INTERNAL', 'Exception deserializing request!', refused(400)],
    ['INTERNAL', 'grpc: error unmarshalling request: proto: illegal wireType 7', refused(400)],
    [
      'UNKNOWN',
      "Unexpected <class 'google.protobuf.message.DecodeError'>: Error parsing message",
      refused(400),
    ],
    ['UNKNOWN', 'Exception calling application: Error parsing message', failed],
    ['RESOURCE_EXHAUSTED', 'Received message larger than max (9 vs. 4)', refused(413)],
    ['RESOURCE_EXHAUSTED', 'grpc: received message larger than max (9 vs. 4)', refused(413)],
  ] as const)('%s "%s", which judges the message', async (name, details, expected) => {
    predictor.answer = (_call, reply) => reply({ code: status[name], details });
    expectProblem(await event(), expected);
  });

  test("NOT_FOUND of a model that the message names, and we do not: the message's own fault", async () => {
    predictor.answer = (_call, reply) => reply({ code: status.NOT_FOUND, details: 'no model' });
    const other = Buffer.from([0x0a, 0x04, ...Buffer.from('wine')]);
    const answer = await send(adapter.url, { headers, body: other });
    expectProblem(answer, refused(422));
    expect(answer.json<{ detail: string }>().detail).toContain('MODEL_NAME, iris');
  });

  test.each(['RESOURCE_EXHAUSTED', 'UNAVAILABLE'] as const)(
    '%s: a call that was turned away is made again',
    async (name) => {
      predictor.answer = (_call, reply) => {
        if (predictor.calls.length < 3) reply({ code: status[name] });
        else reply(null, grpcAnswer);
      };
      expect((await event()).status).toBe(200);
      expect(predictor.calls.length).toBe(3);
    },
  );

  test('when to come back is heeded', async () => {
    const pushback = new Metadata();
    pushback.set('grpc-retry-pushback-ms', '60000');
    predictor.answer = (_call, reply) => reply({ code: status.UNAVAILABLE, metadata: pushback });
    expectProblem(await event(), busy);
    expect(predictor.calls.length).toBe(1);
  });

  test('nothing before the deadline', async () => {
    predictor.answer = () => undefined;
    expectProblem(await event(), deadline);
    // It had reached the model: it is not made again.
    expect(predictor.calls.length).toBe(1);
  });

  test('more than MAX_ANSWER_BYTES', async () => {
    predictor.answer = (_call, reply) => reply(null, Buffer.alloc(1_001));
    const answer = await event();
    expectProblem(answer, unusable);
    expect(answer.json<{ detail: string }>().detail).toContain('MAX_ANSWER_BYTES');
    predictor.answer = (_call, reply) => reply(null, Buffer.alloc(1_000));
    expect((await event()).body.length).toBe(1_000);
  });

  test('an empty message, which is no prediction', async () => {
    predictor.answer = (_call, reply) => reply(null, Buffer.alloc(0));
    expectProblem(await event(), unusable);
  });

  test('by its own puid, where the request has none', async () => {
    predictor.answer = (_call, reply, raw) => {
      const metadata = new Metadata();
      metadata.set('seldon-puid', 'of-the-predictor');
      metadata.set('ce-id', 'must not leak');
      raw.sendMetadata(metadata);
      reply(null, grpcAnswer);
    };
    const answer = await send(adapter.url + predictionPaths.v2, { headers: plainHeaders, body });
    expect(answer.headers).toMatchObject({ 'seldon-puid': 'of-the-predictor' });
    expect(answer.headers).not.toHaveProperty('ce-id');
  });
});

test('nothing listens there: 502, and readiness says why', async () => {
  const adapter = await openAdapter({
    SELDON_PROTOCOL: 'v2',
    PREDICTOR_URL: `grpc://127.0.0.1:${await findFreePort()}`,
    REQUEST_TIMEOUT_MS: '1000',
  });
  expectProblem(await send(adapter.url, { headers, body }), {
    ...transient,
    code: 'PREDICTOR_UNREACHABLE',
  });
  const ready = await send(`${adapter.url}/readyz`, { method: 'GET' });
  expect(ready.status).toBe(503);
  expect(ready.text).toContain('ECONNREFUSED');
});
