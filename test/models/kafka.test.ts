/** Records to real model servers, over both transports: a real broker between them and the sender. */

import type { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { useBroker } from '../support/broker.ts';
import { untilWritten, useKafkaCases } from '../support/kafka-case.ts';
import { methodOf, protobuf } from './messages.ts';
import { kserve, mlserver, seldonModel, type UsedServer, useModelServer } from './model-server.ts';
import { contentsOf, inferRequest, v2Message, v2Payload } from './v2-cases.ts';

const servers = {
  'seldon-core': await useModelServer(seldonModel),
  mlserver: await useModelServer(mlserver),
  kserve: await useModelServer(kserve),
};
const broker = await useBroker();
const missing = broker.missing || Object.values(servers).some((server) => server.missing);

interface Form {
  readonly server: UsedServer;
  readonly protocol: 'seldon' | 'v2';
  readonly transport: 'REST' | 'gRPC';
  readonly encode: (x: number) => Buffer | string;
  readonly decode: (value: Buffer | null) => number;
  readonly headers: Readonly<Record<string, string>>;
  /** What it answers of a value that it refuses. */
  readonly refused: 'PREDICTOR_REFUSED' | 'PREDICTOR_FAILED';
}

const predict = methodOf('seldon', 'seldon.protos.Seldon', 'Predict');
const json = { 'content-type': 'application/json' };
const over = (transport: Form['transport'], server: UsedServer) => ({ transport, server });

const seldonForms: readonly Form[] = [
  {
    ...over('REST', servers['seldon-core']),
    ...{ protocol: 'seldon', headers: json, refused: 'PREDICTOR_REFUSED' },
    encode: (x) => JSON.stringify({ data: { ndarray: [[x]] } }),
    decode: (value) => JSON.parse(String(value)).data.ndarray[0][0],
  },
  {
    ...over('gRPC', servers['seldon-core']),
    // Every exception is UNKNOWN there.
    ...{ protocol: 'seldon', refused: 'PREDICTOR_FAILED' },
    headers: { 'content-type': protobuf, 'proto-name': 'seldon.protos.SeldonMessage' },
    encode: (x) => predict.encode({ data: { tensor: { shape: [1, 1], values: [x] } } }),
    decode: (value) => predict.decode(value ?? undefined).data.tensor.values[0],
  },
];

const v2Forms = (server: UsedServer): readonly Form[] => [
  {
    ...over('REST', server),
    ...{ protocol: 'v2', headers: json, refused: 'PREDICTOR_REFUSED' },
    encode: (x) => v2Payload(x),
    decode: (value) => JSON.parse(String(value)).outputs[0].data[0],
  },
  {
    ...over('gRPC', server),
    ...{ protocol: 'v2', refused: 'PREDICTOR_REFUSED' },
    headers: { 'content-type': protobuf, 'proto-name': inferRequest },
    encode: (x) => v2Message([x]),
    decode: (value) => contentsOf(value ?? undefined)[0] ?? Number.NaN,
  },
];

const forms = {
  'seldon-core': seldonForms,
  mlserver: v2Forms(servers.mlserver),
  kserve: v2Forms(servers.kserve),
};
const rows = Object.entries(forms).flatMap(([name, all]) =>
  all.map((form) => [name, form.transport, form] as const),
);

describe.skipIf(missing)('records for real model servers', () => {
  const begin = useKafkaCases(broker);

  test.each(rows)(
    '%s over %s: raw records and events are answered, in order, and what the model fails on or refuses is diverted',
    async (_name, transport, form) => {
      const c = await begin({
        partitions: 1,
        environment: {
          SELDON_PROTOCOL: form.protocol,
          MODEL_NAME: 'doubler',
          PREDICTOR_URL: transport === 'REST' ? form.server.url : form.server.grpcUrl,
          KAFKA_MAX_ATTEMPTS: '2',
        },
      });
      const event = (id: string) => ({
        ...{ ce_specversion: '1.0', ce_id: id, ce_source: 'test', ce_type: 'x' },
      });
      const { headers } = form;
      const record = (x: number) => ({
        key: String(x),
        value: form.encode(x),
        headers: x % 2 === 0 ? headers : { ...headers, ...event(String(x)) },
      });
      const good = Array.from({ length: 20 }, (_, n) => n);
      await c.produce([...good.slice(0, 10), -1, 2001, ...good.slice(10)].map(record));
      await c.start();
      await Promise.all([untilWritten(c, 'output', 20), untilWritten(c, 'errors', 2)]);
      const outputs = c.log.records(c.output);
      expect(outputs.map(({ key, value }) => [key, form.decode(value)])).toEqual(
        good.map((n) => [String(n), 2 * n]),
      );
      for (const { key, headers: given } of outputs) {
        const isEvent = Number(key) % 2 === 1;
        expect(given['content-type']).toBe(headers['content-type']);
        expect(given['ce_causationid']).toBe(isEvent ? key : undefined);
        expect(given['ce_type']).toBe(isEvent ? 'seldon.iris.default.response' : undefined);
        expect(
          Object.keys(given).filter((name) => /modelid|endpoint|requestid/i.test(name)),
        ).toEqual([]);
      }
      const errors = c.log
        .records(c.errors)
        .map((one) => [one.key, one.headers['seldon-error-code']]);
      expect(Object.fromEntries(errors)).toEqual({
        '-1': 'PREDICTOR_FAILED',
        '2001': form.refused,
      });
    },
  );

  test.each([
    ['REST', seldonForms[0]],
    ['gRPC', seldonForms[1]],
  ])(
    'over %s: a server that is killed and comes back costs no record its answer',
    async (transport, form) => {
      const { encode, decode, headers, server } = form as Form;
      const c = await begin({
        partitions: 2,
        environment: { PREDICTOR_URL: transport === 'REST' ? server.url : server.grpcUrl },
      });
      const send = (from: number, to: number) =>
        c.produce(
          Array.from({ length: to - from }, (_, i) => ({
            ...{ key: String(from + i), headers },
            value: encode(from + i),
          })),
        );
      await c.start();
      await send(0, 20);
      await untilWritten(c, 'output', 20);
      await send(20, 60);
      await server.kill();
      await send(60, 80);
      await server.restart();
      const seen = () => new Set(c.log.records(c.output).map(({ key }) => key));
      await c.log.until('answers to all records', () => seen().size === 80);
      for (const { key, value } of c.log.records(c.output)) {
        expect(decode(value)).toBe(2 * Number(key));
      }
      expect(c.log.records(c.errors)).toEqual([]);
    },
  );
});
