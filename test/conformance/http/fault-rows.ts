/**
 * Every row of design.md §3.3 as something that a test can bring about: what is wrong, and what the
 * adapter must answer.
 */

import { status as grpcStatus } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import { findFreePort } from '../../../src/demo/free-port.ts';
import type { SwitchableFaults } from '../../../src/demo/iris/faults.ts';
import {
  type Answer,
  ceHeaders,
  eventually,
  get,
  irisPayloads,
  openAdapter,
  openSocket,
  type SendOptions,
  send,
  type TestAdapter,
} from '../../support/adapter.ts';
import { openGrpcPredictor } from '../../support/grpc-predictor.ts';
import { createRecordingPredictor } from '../../support/recording-predictor.ts';
import type { EventToSend } from './forms.ts';
import {
  busy,
  type Expected,
  failed,
  misconfigured,
  record,
  refused,
  transient,
} from './problems.ts';

export interface Delivery {
  /** Settings that the suite adds to those of the row. */
  readonly settings: Readonly<Record<string, string>>;
  /** Sends the event in the form under test. */
  readonly deliver: (
    adapter: TestAdapter,
    event: EventToSend,
    more?: Pick<SendOptions, 'headers' | 'ca'>,
  ) => Promise<Answer>;
}

export interface FaultRow {
  readonly group: string;
  readonly what: string;
  /** A problem, a reply, or an answer that is truly empty: 200, or 202 where a sink took the reply. */
  readonly expected: Expected | 'reply' | 'empty' | 'taken';
  /** It was no event that we could read, so that no event can tell of it. */
  readonly isUnread?: boolean;
  /** Only as this form can it be sent. */
  readonly onlyBinary?: boolean;
  readonly bringAbout: (delivery: Delivery) => Promise<Answer>;
}

export const irisEvent = (attributes: Readonly<Record<string, string>> = {}): EventToSend => ({
  attributes: {
    ...{ specversion: '1.0', id: 'event-1', source: '/tests', type: 'test.request' },
    ...attributes,
  },
  data: irisPayloads.seldon,
});

/** The predictor does this. */
const does =
  (faults: SwitchableFaults, settings: Readonly<Record<string, string>> = {}) =>
  async ({ deliver, settings: more }: Delivery): Promise<Answer> => {
    const adapter = await openAdapter({ ...settings, ...more });
    Object.assign(adapter.iris.faults, faults);
    return deliver(adapter, irisEvent());
  };

const answers = (group: string, status: number, expected: Expected): FaultRow => ({
  ...{ group, what: `the predictor answers ${status}`, expected },
  bringAbout: does({ status, headers: { 'ce-type': 'leaked' } }),
});

/** A predictor over gRPC answers with this status; protobuf goes in binary mode here. */
const answersGrpc = (group: string, name: keyof typeof grpcStatus, expected: Expected) => ({
  ...{ group, what: `over gRPC: ${name}`, expected, onlyBinary: true },
  bringAbout: async ({ settings }: Delivery): Promise<Answer> => {
    const predictor = await openGrpcPredictor();
    predictor.answer = (_call, reply) => reply({ code: Number(grpcStatus[name]), details: 'no' });
    const adapter = await openAdapter({ PREDICTOR_URL: predictor.url, ...settings });
    const headers = ceHeaders({
      ...{ 'content-type': 'application/x-protobuf', 'proto-name': 'seldon.protos.SeldonMessage' },
    });
    return send(adapter.url, { headers, body: Buffer.from([0x0a, 0x00]) });
  },
});

/** The event itself is this. */
const isSent = (
  group: string,
  what: string,
  expected: FaultRow['expected'],
  event: EventToSend,
  settings: Readonly<Record<string, string>> = {},
): FaultRow => ({
  ...{ group, what, expected },
  bringAbout: async ({ deliver, settings: more }) =>
    deliver(await openAdapter({ ...settings, ...more }), event),
});

const outOfRange = async ({ deliver, settings }: Delivery): Promise<Answer> => {
  const router = await openAdapter();
  const endpoint = (url: string) => ({
    ...{ type: 'REST', service_host: '127.0.0.1', service_port: Number(new URL(url).port) },
  });
  router.iris.faults.answerText = '{"data":{"ndarray":[[7]]}}';
  const model = { name: 'm', type: 'MODEL', endpoint: endpoint(router.iris.url) };
  const graph = { ...model, name: 'r', type: 'ROUTER', children: [model] };
  const engine = Buffer.from(JSON.stringify({ name: 'default', graph })).toString('base64');
  const adapter = await openAdapter({ PREDICTOR_URL: '', ENGINE_PREDICTOR: engine, ...settings });
  return deliver(adapter, irisEvent());
};

const overloaded = async ({ deliver, settings }: Delivery): Promise<Answer> => {
  const adapter = await openAdapter({ MAX_CONCURRENCY: '1', MAX_WAITING: '0', ...settings });
  adapter.iris.faults.hang = true;
  void send(adapter.url, {
    ...{ headers: ceHeaders({ 'ce-id': 'before' }), body: irisPayloads.seldon },
  }).catch(() => undefined);
  await eventually(() => adapter.iris.counters.concurrent === 1);
  return deliver(adapter, irisEvent());
};

/** On a connection whose request had begun when the drain began. */
const draining = async ({ settings }: Delivery): Promise<Answer> => {
  const adapter = await openAdapter(settings);
  adapter.iris.faults.delayMs = 1_000;
  const body = irisPayloads.seldon;
  const slow = send(adapter.url, { headers: ceHeaders({ 'ce-id': 'slow' }), body });
  await eventually(() => adapter.iris.counters.concurrent === 1);
  const socket = await openSocket(adapter.port);
  const lines = Object.entries(ceHeaders()).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = `POST / HTTP/1.1\r\nHost: h\r\n${lines.join('')}Content-Length: ${body.length}\r\n\r\n${body}`;
  const chunks: Buffer[] = [];
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write(text.slice(0, 20));
  await get(`${adapter.url}/livez`);
  const stopped = adapter.stop();
  await eventually(() =>
    get(`${adapter.url}/livez`).then(
      () => false,
      () => true,
    ),
  );
  socket.write(text.slice(20));
  await closed;
  onTestFinished(() => stopped);
  await slow;
  return parsed(Buffer.concat(chunks));
};

function parsed(bytes: Buffer): Answer {
  const end = bytes.indexOf('\r\n\r\n');
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const pairs = lines.map((line) => line.split(/:\s*/, 2) as [string, string]);
  const body = bytes.subarray(end + 4);
  const text = body.toString('utf8');
  return {
    status: Number(first.split(' ')[1]),
    headers: Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value])),
    rawHeaders: pairs.flat(),
    ...{ body, text },
    json: () => JSON.parse(text),
  };
}

const invalid = { ...record, status: 400, code: 'EVENT_INVALID' };
const unusable = { ...transient, code: 'PREDICTOR_ANSWER_UNUSABLE' };
const unreachable = { ...transient, code: 'PREDICTOR_UNREACHABLE' };
const tooLate = { ...transient, status: 504, code: 'DEADLINE_EXCEEDED' };
const later = { retriable: true } as const;

export const faultRows: readonly FaultRow[] = [
  isSent('answered', 'a prediction', 'reply', irisEvent()),
  {
    ...{ group: 'answered', what: 'the predictor answers 202, with ce-* of its own' },
    expected: 'reply',
    bringAbout: does({ status: 202, headers: { 'ce-type': 'leaked', 'ce-id': 'leaked' } }),
  },
  {
    ...{ group: 'answered', what: 'feedback that was taken', expected: 'empty' },
    bringAbout: async ({ deliver, settings }) => {
      const model = createRecordingPredictor();
      await model.start();
      onTestFinished(model.stop);
      const adapter = await openAdapter({ PREDICTOR_URL: model.url, ...settings });
      const feedback = irisEvent({ type: 'seldon.iris.tests.feedback' });
      return deliver(adapter, { ...feedback, data: '{"reward":1}' });
    },
  },
  {
    ...isSent('record', 'malformed event', invalid, irisEvent({ specversion: '9.9' })),
    isUnread: true,
  },
  isSent(
    ...(['record', 'payload of another form'] as const),
    { ...record, status: 415, code: 'PAYLOAD_UNSUPPORTED' },
    irisEvent({ protoname: 'seldon.protos.SeldonMessage' }),
  ),
  ...[400, 413, 415, 422].map((status) => answers('record', status, refused(status))),
  answersGrpc('record', 'INVALID_ARGUMENT', refused(400)),
  answersGrpc('record', 'OUT_OF_RANGE', refused(400)),
  ...[401, 403, 404, 405, 501].map((status) => answers('deployment', status, misconfigured)),
  answersGrpc('deployment', 'UNIMPLEMENTED', misconfigured),
  answersGrpc('deployment', 'NOT_FOUND', misconfigured),
  answersGrpc('deployment', 'PERMISSION_DENIED', misconfigured),
  {
    ...{ group: 'deployment', what: 'the graph routes out of range', expected: misconfigured },
    bringAbout: outOfRange,
  },
  ...[408, 425, 500, 502, 504].map((status) => answers('transient', status, failed)),
  ...[429, 503].map((status) => answers('transient', status, busy)),
  {
    ...{ group: 'transient', what: 'nothing listens there', expected: unreachable },
    bringAbout: async ({ deliver, settings }) => {
      const PREDICTOR_URL = `http://127.0.0.1:${await findFreePort()}`;
      return deliver(await openAdapter({ PREDICTOR_URL, ...settings }), irisEvent());
    },
  },
  {
    ...{ group: 'transient', what: 'the connection is cut', expected: failed },
    bringAbout: does({ reset: true }),
  },
  {
    ...{ group: 'transient', what: 'the answer is empty', expected: unusable },
    bringAbout: does({ answerText: '' }),
  },
  {
    ...{ group: 'transient', what: 'the deadline comes', expected: tooLate },
    bringAbout: does({ hang: true }, { REQUEST_TIMEOUT_MS: '300' }),
  },
  {
    ...{ group: 'overload', what: 'no place is free' },
    expected: { ...later, status: 429, fault: 'overload', code: 'OVERLOADED' },
    bringAbout: overloaded,
  },
  {
    ...{ group: 'draining', what: 'the instance shuts down', onlyBinary: true },
    expected: { ...later, status: 503, fault: 'unavailable', code: 'DRAINING' },
    bringAbout: draining,
  },
  {
    ...{ group: 'caller', what: 'there is nothing at this path', onlyBinary: true },
    expected: { status: 404, fault: 'caller', code: 'ROUTE_UNKNOWN', retriable: false },
    bringAbout: async ({ settings }) => {
      const { url } = await openAdapter(settings);
      return send(`${url}/nowhere`, { headers: ceHeaders(), body: irisPayloads.seldon });
    },
  },
  ...['response', 'error'].map((own) =>
    isSent(
      'nothing to do',
      `our own ${own}`,
      'empty',
      irisEvent({ type: `seldon.iris.tests.${own}` }),
    ),
  ),
  isSent('nothing to do', 'EVENT_TYPES does not name it', 'empty', irisEvent(), {
    EVENT_TYPES: 'other.type',
  }),
  isSent(
    ...(['nothing to do', 'it had expired', 'empty'] as const),
    irisEvent({ expirytime: '2020-01-01T00:00:00Z' }),
  ),
  {
    ...{ group: 'nothing to do', what: 'it expires meanwhile', expected: 'empty' },
    bringAbout: async ({ deliver, settings }) => {
      const adapter = await openAdapter(settings);
      adapter.iris.faults.hang = true;
      const expirytime = new Date(Date.now() + 400).toISOString();
      return deliver(adapter, irisEvent({ expirytime }));
    },
  },
];
