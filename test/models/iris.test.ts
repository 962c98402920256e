/**
 * The iris model on Seldon's Python wrapper, MLServer and KServe, over REST: events in every mode and
 * ordinary requests through the adapter, what each server's own 4xx and 5xx become, and that none of
 * its `ce-*` headers comes along, neither with an answer nor with an error nor to a sink.
 */

import { describe, expect, test } from 'vitest';
import { predictProbabilities } from '../../src/demo/iris/model.ts';
import {
  type Answer,
  ceHeaders,
  irisPayloads,
  openAdapter,
  predictionPaths,
  send,
  useAdapter,
} from '../support/adapter.ts';
import { openFaultSink } from '../support/fault-sink.ts';
import { attributesIn, replyAttributes } from './messages.ts';
import { irisServers, type UsedServer, useModelServer } from './model-server.ts';

const seldon = await useModelServer(irisServers.seldon);
const mlserver = await useModelServer(irisServers.mlserver);
const kserve = await useModelServer(irisServers.kserve);

type Row = readonly number[];
type Payloads = (...rows: readonly Row[]) => unknown;

const payloads: Readonly<Record<'seldon' | 'v2' | 'tensorflow', Payloads>> = {
  seldon: (...rows) => ({ data: { ndarray: rows } }),
  v2: (...rows) => ({
    inputs: [
      {
        ...{ name: 'predict', datatype: 'FP64', shape: [rows.length, rows[0]?.length ?? 0] },
        data: rows.flat(),
      },
    ],
  }),
  tensorflow: (...rows) => ({ instances: rows }),
};

/** All numbers of an answer, whatever stands around them. */
const numbersOf: Readonly<Record<keyof typeof payloads, (answer: unknown) => number[]>> = {
  seldon: (answer) => (answer as { data: { ndarray: number[][] } }).data.ndarray.flat(),
  v2: (answer) => (answer as { outputs: [{ data: number[] }] }).outputs[0].data,
  tensorflow: (answer) => (answer as { predictions: number[][] }).predictions.flat(),
};

const setosa = [5.1, 3.5, 1.4, 0.2];
const virginica = [6.3, 3.3, 6, 2.5];
const json = { 'content-type': 'application/json' };

/** What each server itself says, and what an event is told instead. */
const faults = {
  'a row of three features': {
    rows: [[1, 2, 3]],
    event: 400,
    plain: 400,
    code: 'PREDICTOR_REFUSED',
  },
  'a model that raises': {
    rows: [[-1, 2, 3, 4]],
    event: 502,
    plain: 500,
    code: 'PREDICTOR_FAILED',
  },
} as const;

interface Served {
  readonly name: string;
  readonly protocol: keyof typeof payloads;
  readonly server: UsedServer;
  /** What half a document is to it. */
  readonly malformed: number;
  /** Some of the context attributes that it sends of its own accord. */
  readonly sends: readonly string[];
}

const served: readonly Served[] = [
  {
    name: "Seldon's Python wrapper",
    protocol: 'seldon',
    server: seldon,
    malformed: 400,
    sends: [],
  },
  {
    ...{ name: 'MLServer', protocol: 'v2', server: mlserver, malformed: 422 },
    sends: ['ce-inferenceservicename', 'ce-source', 'ce-type'],
  },
  {
    ...{ name: 'KServe', protocol: 'v2', server: kserve, malformed: 422 },
    sends: ['ce-source', 'ce-type'],
  },
  {
    ...{ name: 'KServe', protocol: 'tensorflow', server: kserve, malformed: 400 },
    sends: ['ce-source', 'ce-type'],
  },
];

describe.each(served)(
  '$name with iris over REST ($protocol)',
  ({ protocol, server, malformed, sends }) => {
    const settings = () => ({
      ...{ SELDON_PROTOCOL: protocol, MODEL_NAME: 'iris', PREDICTOR_URL: server.url },
    });
    const skip = server.missing;
    const payload = payloads[protocol];
    const numbers = numbersOf[protocol];
    const bodyOf = (...rows: readonly Row[]) => JSON.stringify(payload(...rows));
    const path = predictionPaths[protocol];
    const ownPath = protocol === 'seldon' ? '/predict' : path;

    const expectPrediction = (answer: unknown, ...rows: readonly Row[]): void => {
      const expected = rows.flatMap((row) => predictProbabilities(row));
      const given = numbers(answer);
      expect(given).toHaveLength(expected.length);
      for (const [i, number] of given.entries()) expect(number).toBeCloseTo(expected[i] ?? NaN, 9);
    };
    const expectProblem = (answer: Answer, status: number, code: string): void => {
      expect([answer.status, answer.headers['content-type']]).toEqual([
        status,
        'application/problem+json',
      ]);
      expect(answer.json()).toMatchObject({ code, status });
      expect(attributesIn(answer.headers)).toEqual([]);
    };

    describe.skipIf(skip)('through the adapter', () => {
      const adapter = useAdapter(settings);
      const event = (id: string, data: unknown, more: object = {}) => ({
        ...{ specversion: '1.0', id, source: '/tests', type: 'test.request' },
        ...{ datacontenttype: 'application/json', ...more, data },
      });
      const post = (type: string, body: unknown) =>
        send(adapter.url, { headers: { 'content-type': type }, body: JSON.stringify(body) });

      test.skipIf(sends.length === 0)(
        'the server does send context attributes of its own',
        async () => {
          const own = await send(server.url + ownPath, {
            headers: ceHeaders(),
            body: bodyOf(setosa),
          });
          expect(own.status).toBe(200);
          const given = attributesIn(own.headers);
          expect(given.filter((name) => sends.includes(name))).not.toEqual([]);
        },
      );

      test('a binary event gets the prediction of the model, and our attributes alone', async () => {
        const body = bodyOf(setosa, virginica);
        const answer = await send(adapter.url, { headers: ceHeaders(), body });
        expect(answer.status).toBe(200);
        expectPrediction(answer.json(), setosa, virginica);
        expect(attributesIn(answer.headers)).toEqual(replyAttributes);
        expect(answer.headers).toMatchObject({
          'ce-type': 'seldon.iris.tests.response',
          'ce-source': 'seldon.iris.tests',
          'ce-causationid': 'event-1',
        });
      });

      test('the documented payload of the protocol is taken', async () => {
        const body = irisPayloads[protocol];
        const answer = await send(adapter.url, { headers: ceHeaders(), body });
        expectPrediction(answer.json(), setosa);
      });

      test.each(['1.0', '0.3'])(
        'a structured event of version %s is answered in kind',
        async (specversion) => {
          const asked = event('s', payload(virginica), { specversion });
          const answer = await post('application/cloudevents+json', asked);
          expect([answer.status, attributesIn(answer.headers)]).toEqual([200, []]);
          const { data, datacontenttype, ...attributes } = answer.json<Record<string, unknown>>();
          expect(datacontenttype).toMatch(/^application\/json/);
          expectPrediction(data, virginica);
          expect(
            Object.keys(attributes)
              .map((name) => `ce-${name}`)
              .sort(),
          ).toEqual(replyAttributes);
          expect(attributes).toMatchObject({ specversion, causationid: 's' });
        },
      );

      test('a batch is answered event by event, failures as error events of ours', async () => {
        const answer = await post('application/cloudevents-batch+json', [
          event('a', payload(setosa)),
          event('b', payload([1, 2, 3])),
          event('c', payload([-1, 2, 3, 4])),
          event('d', payload(virginica)),
        ]);
        expect(answer.status).toBe(200);
        const told = answer.json<Record<string, unknown>[]>();
        expect(told.map(({ causationid, type }) => [causationid, type])).toEqual([
          ['a', 'seldon.iris.tests.response'],
          ['b', 'seldon.iris.tests.error'],
          ['c', 'seldon.iris.tests.error'],
          ['d', 'seldon.iris.tests.response'],
        ]);
        expectPrediction(told[0]?.['data'], setosa);
        expectPrediction(told[3]?.['data'], virginica);
        expect(told[1]?.['data']).toMatchObject({ code: 'PREDICTOR_REFUSED', retriable: false });
        expect(told[2]?.['data']).toMatchObject({ code: 'PREDICTOR_FAILED', retriable: true });
        expect(new Set(told.map(({ source }) => source))).toEqual(new Set(['seldon.iris.tests']));
        expect(answer.text).not.toMatch(/inferenceservicename|modelid|io\.kserve|io\.seldon/);
      });

      test("an ordinary request gets the server's own answer, without its context attributes", async () => {
        const answer = await send(adapter.url + path, { headers: json, body: bodyOf(setosa) });
        expect(answer.status).toBe(200);
        expectPrediction(answer.json(), setosa);
        expect(attributesIn(answer.headers)).toEqual([]);
      });

      test.each(Object.entries(faults))(
        '%s: an event is told by class, a caller in its own words',
        async (_name, fault) => {
          const body = bodyOf(...fault.rows);
          const own = await send(server.url + ownPath, { headers: json, body });
          expect(own.status).toBe(fault.plain);
          const answer = await send(adapter.url, { headers: ceHeaders(), body });
          expectProblem(answer, fault.event, fault.code);
          expect(answer.headers).toMatchObject({
            'kne-seldonerrorcode': fault.code,
            'kne-seldonerrorclass': fault.event === 400 ? 'record' : 'transient',
          });
          const structured = event('s', payload(...fault.rows));
          expectProblem(
            await post('application/cloudevents+json', structured),
            fault.event,
            fault.code,
          );
          const plain = await send(adapter.url + path, { headers: json, body });
          expect([plain.status, attributesIn(plain.headers)]).toEqual([fault.plain, []]);
        },
      );

      test('half a document: the event is at fault', async () => {
        const body = bodyOf(setosa).slice(0, -3);
        expectProblem(
          await send(adapter.url, { headers: ceHeaders(), body }),
          malformed,
          'PREDICTOR_REFUSED',
        );
        const plain = await send(adapter.url + path, { headers: json, body });
        expect([plain.status, attributesIn(plain.headers)]).toEqual([malformed, []]);
      });

      test.skipIf(protocol === 'seldon')(
        'a model that the server lacks: 502 for an event, since it is we who named it',
        async () => {
          const other = await openAdapter({ ...settings(), MODEL_NAME: 'nobody' });
          const answer = await send(other.url, { headers: ceHeaders(), body: bodyOf(setosa) });
          expectProblem(answer, 502, 'PREDICTOR_MISCONFIGURED');
          const plain = await send(adapter.url + path.replace('iris', 'nobody'), {
            headers: json,
            body: bodyOf(setosa),
          });
          expect([plain.status, attributesIn(plain.headers)]).toEqual([404, []]);
        },
      );

      test('with K_SINK the sink gets the prediction, with our attributes alone', async () => {
        const sink = await openFaultSink();
        const delivering = await openAdapter({ ...settings(), K_SINK: sink.url });
        const answer = await send(delivering.url, { headers: ceHeaders(), body: bodyOf(setosa) });
        expect([answer.status, answer.text, attributesIn(answer.headers)]).toEqual([202, '', []]);
        const [taken] = sink.taken;
        expect(attributesIn(taken?.headers ?? {})).toEqual(replyAttributes);
        expectPrediction(JSON.parse(taken?.text ?? ''), setosa);
        const failed = await send(delivering.url, {
          headers: ceHeaders(),
          body: bodyOf([1, 2, 3]),
        });
        expectProblem(failed, 400, 'PREDICTOR_REFUSED');
        expect(sink.taken).toHaveLength(1);
      });
    });
  },
);
