/** Spans of answers that are written in transactions, on a real broker, as a collector receives them. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KafkaBroker, startKafkaBroker } from '../../../src/demo/kafka-broker.ts';
import { brokerOptions, kafkaMissing } from '../../support/broker.ts';
import {
  eventRecord,
  eventually,
  setFaults,
  untilWritten,
  useKafkaCases,
} from '../../support/kafka-case.ts';
import { apiKey, type Cut, type KafkaProxy, startKafkaProxy } from '../../support/kafka-proxy.ts';
import { openCollector, useCollectors } from '../../support/otlp-collector.ts';

const missing = await kafkaMissing();
const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
const unsampled = `00-${traceId}-b7ad6b7169203331-00`;

describe.skipIf(missing)('a traced record, exactly once', () => {
  let broker: KafkaBroker;
  let proxy: KafkaProxy;
  beforeAll(async () => {
    proxy = await startKafkaProxy();
    broker = await startKafkaBroker({ ...brokerOptions, properties: { ...proxy.properties } });
  });
  afterAll(async () => {
    await proxy?.close();
    await broker?.close();
  });
  const begin = useKafkaCases({
    get brokers() {
      return broker.brokers;
    },
  });
  useCollectors();

  /** An adapter behind the proxy, whose spans are collected, and a record for it. */
  const traced = async (parents: readonly string[], settings: Record<string, string> = {}) => {
    const c = await begin({ partitions: 1 });
    const collector = await openCollector();
    await c.produce(
      parents.map((parent, i) => {
        const record = eventRecord(i + 1, 1);
        return { ...record, headers: { ...record.headers, traceparent: parent } };
      }),
    );
    const adapter = await c.start({
      KAFKA_BROKER: proxy.address,
      KAFKA_DELIVERY: 'exactly-once',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      ...settings,
    });
    const sends = () =>
      collector.spans
        .filter(({ name }) => name === `send ${c.output}`)
        .toSorted((a, b) => Number(a.startNanos - b.startNanos))
        .map(({ attributes, isError }) => [
          attributes['seldon.transaction.end'],
          attributes['error.type'],
          isError,
        ]);
    return { c, collector, adapter, sends };
  };

  /** Ends the connection at the first such request. */
  const cutOnce = (kind: number, when: Cut): void => {
    let cut = false;
    proxy.cutAt((asked) => {
      if (cut || asked !== kind) return undefined;
      cut = true;
      return when;
    });
  };

  test('consumed, predicted and written in a committed transaction, under its trace', async () => {
    const { c, collector, adapter, sends } = await traced([traceparent, unsampled]);
    await untilWritten(c, 'output', 2);
    await eventually('all is committed', async () => (await c.committed())[0] === 2);
    await adapter.stop();
    const process = collector.span(`process ${c.input}`);
    expect([process.traceId, process.parentSpanId]).toEqual([traceId, 'b7ad6b7169203331']);
    const names = collector.childrenOf(process).map(({ name }) => name);
    expect(names.sort()).toEqual(
      ['CloudEvents Process seldon.iris.default.request', `send ${c.output}`].sort(),
    );
    const event = collector.span('CloudEvents Process seldon.iris.default.request');
    expect(collector.childrenOf(event)[0]?.name).toMatch(/^predict/);
    const send = collector.span(`send ${c.output}`);
    expect(send).toMatchObject({
      kind: 'producer',
      attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': c.output },
    });
    expect(sends()).toEqual([['committed', undefined, false]]);
    const headers = c.log.records(c.output).map((reply) => reply.headers['traceparent']);
    expect(headers).toContain(`00-${traceId}-${process.spanId}-01`);
  });

  test('an answer of an aborted transaction is told so, and written again under another span', async () => {
    cutOnce(apiKey.produce, 'before');
    const { c, collector, adapter, sends } = await traced([traceparent]);
    await untilWritten(c, 'output', 1);
    await eventually('all is committed', async () => (await c.committed())[0] === 1);
    await adapter.stop();
    expect(sends()).toEqual([
      ['aborted', 'TRANSACTION_ABORTED', true],
      ['committed', undefined, false],
    ]);
    const process = collector.span(`process ${c.input}`);
    const parents = collector.spans.filter(({ name }) => name.startsWith('send '));
    expect(parents.map(({ parentSpanId }) => parentSpanId)).toEqual(Array(2).fill(process.spanId));
    expect(parents.some(({ message }) => message !== '')).toBe(true);
  });

  test('a transaction that was committed although nobody said so is told as committed', async () => {
    cutOnce(apiKey.endTxn, 'after');
    const { c, adapter, sends } = await traced([traceparent]);
    await untilWritten(c, 'output', 1);
    await eventually('all is committed', async () => (await c.committed())[0] === 1);
    // Its end is learned by claiming the partition anew; the next record shows that this is over.
    await c.produce([eventRecord(2, 1)]);
    await untilWritten(c, 'output', 2);
    await adapter.stop();
    expect(sends()[0]).toEqual(['committed', undefined, false]);
  });

  test('one whose end is never learned is told so when the adapter stops', async () => {
    const { c, adapter, sends } = await traced([], { KAFKA_REQUEST_TIMEOUT_MS: '1000' });
    await c.produce([eventRecord(0, 1)]);
    await untilWritten(c, 'output', 1);
    // Neither committed, nor can the partition be claimed anew, which would tell.
    proxy.withhold([apiKey.endTxn, apiKey.initProducerId]);
    const record = eventRecord(1, 1);
    await c.produce([{ ...record, headers: { ...record.headers, traceparent } }]);
    await eventually('it is withheld', () => proxy.suppressed() > 1);
    await adapter.stop();
    proxy.withhold([]);
    expect(sends().at(-1)).toEqual(['unknown', 'TRANSACTION_UNKNOWN', true]);
  });

  test('an error record costs no span, and keeps the trace that came', async () => {
    const { c, adapter, sends } = await traced([]);
    setFaults(c.predictor, { poison: 'bad' });
    const record = eventRecord(1, 1, 'bad');
    await c.produce([{ ...record, headers: { ...record.headers, traceparent } }]);
    await untilWritten(c, 'errors', 1);
    await adapter.stop();
    expect(sends()).toEqual([]);
    expect(c.log.records(c.errors)[0]?.headers['traceparent']).toBe(traceparent);
  });
});
