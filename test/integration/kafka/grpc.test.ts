/** Protobuf records to predictors over gRPC: every protocol in every form of a record. */

import { Buffer } from 'node:buffer';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { useBroker } from '../../support/broker.ts';
import { grpcAnswer, openGrpcPredictor, predictMethods } from '../../support/grpc-predictor.ts';
import { eventually, untilWritten, useKafkaCases } from '../../support/kafka-case.ts';

const broker = await useBroker();
const type = 'application/x-protobuf';
const message = Buffer.from([0x0a, 0x02, 0xc3, 0x28, 0xf8, 0x06, 0x81, 0x00]);
const names = {
  seldon: ['seldon.protos.SeldonMessage', 'seldon.protos.SeldonMessage'],
  tensorflow: ['tensorflow.serving.PredictRequest', 'tensorflow.serving.PredictResponse'],
  v2: ['inference.ModelInferRequest', 'inference.ModelInferResponse'],
} as const;
const ce = { ce_specversion: '1.0', ce_id: '1', ce_source: 'test', ce_type: 'x' };

describe.skipIf(broker.missing)('records for a predictor over gRPC', () => {
  const begin = useKafkaCases(broker);

  test.each(['seldon', 'tensorflow', 'v2'] as const)(
    '%s: raw, binary and structured records are answered in kind, each with its own proto-name',
    async (protocol) => {
      const predictor = await openGrpcPredictor();
      const [request, reply] = names[protocol];
      const c = await begin({
        partitions: 1,
        environment: { SELDON_PROTOCOL: protocol, PREDICTOR_URL: predictor.url },
      });
      const structured = {
        ...{ specversion: '1.0', id: 's', source: 'test', type: 'x', datacontenttype: type },
        ...{ protoname: request, data_base64: message.toString('base64') },
      };
      await c.produce([
        { value: message, headers: { 'proto-name': request, 'Seldon-Puid': 'puid-1' } },
        { value: message, headers: { 'proto-name': request, 'content-type': type, ...ce } },
        { value: message, headers: { ce_protoname: request, 'content-type': type, ...ce } },
        {
          value: JSON.stringify(structured),
          headers: { 'content-type': 'application/cloudevents+json' },
        },
      ]);
      await c.start();
      await untilWritten(c, 'output', 4);
      const [raw, binary, byExtension, envelope] = c.log.records(c.output);
      for (const record of [raw, binary, byExtension]) {
        expect(record?.value).toEqual(grpcAnswer);
        expect(record?.headers).toMatchObject({ 'proto-name': reply, 'content-type': type });
      }
      expect(raw?.headers['Seldon-Puid']).toBe('puid-1');
      expect(binary?.headers).toMatchObject({ ce_causationid: '1', ce_protoname: reply });
      expect(envelope?.headers['proto-name']).toBe(reply);
      expect(JSON.parse(String(envelope?.value))).toMatchObject({
        causationid: 's',
        protoname: reply,
        data_base64: grpcAnswer.toString('base64'),
      });
      expect(predictor.calls.map(({ path }) => path)).toEqual(
        Array.from({ length: 4 }, () => predictMethods[protocol]),
      );
      expect(predictor.calls.every((call) => call.message.equals(message))).toBe(true);
      expect(predictor.calls[0]?.metadata.get('seldon-puid')).toEqual(['puid-1']);
    },
  );

  test('what cannot be sent goes to the error topic, told why, and nothing is called', async () => {
    const predictor = await openGrpcPredictor();
    const c = await begin({ partitions: 1, environment: { PREDICTOR_URL: predictor.url } });
    const name = names.seldon[0];
    await c.produce([
      { value: message },
      { value: message, headers: { 'proto-name': '' } },
      { value: message, headers: { 'proto-name': 'a.Unknown' } },
      { value: message, headers: { 'proto-name': '__proto__' } },
      { value: message, headers: { 'proto-name': Buffer.from([0xff, 0x00]) } },
      { value: message, headers: { 'proto-name': `${name}\n` } },
      { value: message, headers: { 'proto-name': 'x'.repeat(10_000) } },
      { value: message, headers: { 'proto-name': names.v2[0] } },
      { value: '{"data":{}}', headers: { 'proto-name': name, 'content-type': 'application/json' } },
      { value: null, headers: { 'proto-name': name } },
      { value: '', headers: { 'proto-name': name } },
    ]);
    await c.produce([{ value: message, headers: { 'Proto-Name': name } }]);
    await c.start();
    await Promise.all([untilWritten(c, 'errors', 11), untilWritten(c, 'output', 1)]);
    const errors = c.log.records(c.errors);
    expect(errors.map(({ headers }) => headers['seldon-error-code']).toSorted()).toEqual([
      ...Array.from({ length: 2 }, () => 'PAYLOAD_MISSING'),
      ...Array.from({ length: 9 }, () => 'PAYLOAD_UNSUPPORTED'),
    ]);
    expect(predictor.calls.length).toBe(1);
  });

  test('the predictor goes away and comes back: every record is answered, none diverted', async () => {
    const predictor = await openGrpcPredictor();
    const c = await begin({ partitions: 2, environment: { PREDICTOR_URL: predictor.url } });
    const records = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => ({
        key: `key-${from + i}`,
        value: message,
        headers: { 'proto-name': names.seldon[0] },
      }));
    await c.start();
    await c.produce(records(0, 20));
    await untilWritten(c, 'output', 20);
    const { port } = predictor;
    predictor.stop();
    await c.produce(records(20, 20));
    await new Promise((resolve) => setTimeout(resolve, 500));
    await predictor.start(port);
    await untilWritten(c, 'output', 40);
    expect(new Set(c.log.records(c.output).map(({ key }) => key)).size).toBe(40);
    expect(c.log.records(c.errors)).toEqual([]);
    await eventually('all is committed', async () => {
      const committed = await c.committed();
      return committed.reduce((sum, offset) => sum + offset, 0) === 40;
    });
  });

  test('a record that the model refuses is diverted; one that it fails on, after its attempts', async () => {
    const predictor = await openGrpcPredictor();
    predictor.answer = (call, reply) => {
      if (call.message.length === 1) reply({ code: status.INVALID_ARGUMENT, details: 'shape' });
      else if (call.message.length === 2) reply({ code: status.UNKNOWN, details: 'KeyError' });
      else reply(null, grpcAnswer);
    };
    const c = await begin({
      partitions: 1,
      environment: { PREDICTOR_URL: predictor.url, KAFKA_MAX_ATTEMPTS: '3' },
    });
    const headers = { 'proto-name': names.seldon[0] };
    await c.produce([
      { value: Buffer.alloc(1, 8), headers },
      { value: Buffer.alloc(2, 8), headers },
      { value: message, headers },
    ]);
    await c.start();
    await Promise.all([untilWritten(c, 'errors', 2), untilWritten(c, 'output', 1)]);
    const told = c.log.records(c.errors).map((record) => record.headers);
    expect(told.map((all) => [all['seldon-error-code'], all['seldon-error-attempts']])).toEqual([
      ['PREDICTOR_REFUSED', '1'],
      ['PREDICTOR_FAILED', '3'],
    ]);
    expect(told[0]?.['seldon-error-message']).toMatch(/INVALID_ARGUMENT.*shape/);
  });
});
