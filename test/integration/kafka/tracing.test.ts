/** Traces through Kafka, on a real broker, as a collector receives them. */

import { describe, expect, test } from 'vitest';
import { useBroker } from '../../support/broker.ts';
import { eventRecord, setFaults, untilWritten, useKafkaCases } from '../../support/kafka-case.ts';
import { openCollector, useCollectors } from '../../support/otlp-collector.ts';

const broker = await useBroker();
const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
const unsampled = `00-${traceId}-b7ad6b7169203331-00`;

describe.skipIf(broker.missing)('a traced record', () => {
  const begin = useKafkaCases(broker);
  useCollectors();

  test('consumed, predicted and written, under the trace that it brought', async () => {
    const c = await begin();
    const collector = await openCollector();
    const record = eventRecord(1, 1);
    await c.produce([{ ...record, headers: { ...record.headers, traceparent } }]);
    const adapter = await c.start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await untilWritten(c, 'output', 1);
    await adapter.stop();

    const process = collector.span(`process ${c.input}`);
    expect(process).toMatchObject({
      kind: 'consumer',
      traceId,
      parentSpanId: 'b7ad6b7169203331',
      attributes: {
        'messaging.system': 'kafka',
        'messaging.destination.name': c.input,
        'messaging.kafka.offset': 0,
        'messaging.consumer.group.name': c.group,
        'seldon.outcome': 'answered',
      },
    });
    const event = collector.span('CloudEvents Process seldon.iris.default.request');
    expect(event.parentSpanId).toBe(process.spanId);
    expect(event.attributes['cloudevents.event_id']).toBe('1');
    const [prediction] = collector.childrenOf(event);
    expect(prediction?.name).toMatch(/^predict/);
    const send = collector.span(`send ${c.output}`);
    expect(send).toMatchObject({ kind: 'producer', parentSpanId: process.spanId, isError: false });
    const [reply] = c.log.records(c.output);
    expect(reply?.headers).toMatchObject({
      traceparent: `00-${traceId}-${process.spanId}-01`,
      ce_traceparent: `00-${traceId}-${event.spanId}-01`,
    });
  });

  test('a raw record, and one that says its trace in its attributes', async () => {
    const c = await begin();
    const collector = await openCollector();
    const { headers, ...record } = eventRecord(1, 1);
    await c.produce([
      { ...record, headers: { Traceparent: traceparent } },
      { ...record, headers: { ...headers, ce_traceparent: traceparent } },
    ]);
    const adapter = await c.start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await untilWritten(c, 'output', 2);
    await adapter.stop();
    const spans = collector.spans.filter(({ name }) => name === `process ${c.input}`);
    expect(spans.map((span) => [span.traceId, span.parentSpanId])).toEqual(
      Array(2).fill([traceId, 'b7ad6b7169203331']),
    );
    const written = c.log.records(c.output).map((reply) => reply.headers['traceparent']);
    expect(written.sort()).toEqual(spans.map(({ spanId }) => `00-${traceId}-${spanId}-01`).sort());
  });

  test('each attempt by itself; the error record keeps the trace that came', async () => {
    const c = await begin();
    const collector = await openCollector();
    setFaults(c.predictor, { poison: 'bad' });
    const record = eventRecord(1, 1, 'bad');
    await c.produce([{ ...record, headers: { ...record.headers, traceparent } }]);
    const adapter = await c.start({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      KAFKA_MAX_ATTEMPTS: '2',
    });
    await untilWritten(c, 'errors', 1);
    await adapter.stop();
    const attempts = collector.spans.filter(({ name }) => name === `process ${c.input}`);
    expect(attempts.length).toBeGreaterThanOrEqual(2);
    for (const attempt of attempts) {
      expect(attempt).toMatchObject({
        isError: true,
        parentSpanId: 'b7ad6b7169203331',
        attributes: { 'error.type': 'PREDICTOR_FAILED' },
      });
    }
    expect(c.log.records(c.errors)[0]?.headers['traceparent']).toBe(traceparent);
  });

  test('what the sender did not sample is not traced, and goes on as it came', async () => {
    const c = await begin();
    const collector = await openCollector();
    const record = eventRecord(1, 1);
    const headers = { ...record.headers, traceparent: unsampled, ce_traceparent: unsampled };
    await c.produce([{ ...record, headers }]);
    const adapter = await c.start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await untilWritten(c, 'output', 1);
    await adapter.stop();
    expect(collector.spans).toEqual([]);
    expect(c.log.records(c.output)[0]?.headers['ce_traceparent']).toBe(unsampled);
  });
});
