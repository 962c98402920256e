/** What ties an answer to its record, through the predictor, over Kafka; and records that expire. */

import { describe, expect, test } from 'vitest';
import { useBroker } from '../../support/broker.ts';
import { eventRecord, eventually, untilWritten, useKafkaCases } from '../../support/kafka-case.ts';
import { createRecordingPredictor } from '../../support/recording-predictor.ts';

const broker = await useBroker();
const trace = {
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  tracestate: 'a=1,b=2',
};
const hop = {
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111111-01',
  tracestate: 'hop=1',
};
const prefixed = (attributes: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce_${name}`, value]));

describe.skipIf(broker.missing)('correlation over Kafka', () => {
  const begin = useKafkaCases(broker);

  test('trace, correlation, subject and partition key go to the predictor and into the answer', async () => {
    const predictor = createRecordingPredictor();
    await predictor.start();
    const c = await begin({ partitions: 1, environment: { PREDICTOR_URL: predictor.url } });
    const kept = { subject: 's', partitionkey: 'p', correlationid: 'c-1' };
    const record = eventRecord(0, 1);
    const structured = {
      ...{ specversion: '1.0', id: '2', source: 'test', type: 'x', data: { a: 1 } },
      ...trace,
    };
    await c.produce([
      { ...record, headers: { ...record.headers, ...prefixed({ ...trace, ...kept }) } },
      { ...record, headers: { ...record.headers, ce_id: '1', ...hop } },
      {
        value: JSON.stringify(structured),
        headers: { 'content-type': 'application/cloudevents+json' },
      },
      { value: '{}', headers: hop },
    ]);
    await c.start({ KAFKA_WORKERS: '1' });
    await untilWritten(c, 'output', 4);
    predictor.stop();
    expect(predictor.calls.map(({ headers }) => headers['traceparent'])).toEqual([
      ...[trace.traceparent, hop.traceparent, trace.traceparent, hop.traceparent],
    ]);
    expect(predictor.calls.map(({ headers }) => headers['tracestate'])).toEqual([
      ...[trace.tracestate, hop.tracestate, trace.tracestate, hop.tracestate],
    ]);
    const [own, transport, envelope, raw] = c.log.records(c.output);
    expect(own?.headers).toMatchObject({
      ...prefixed({ ...trace, ...kept, replyid: 'c-1', causationid: '0' }),
    });
    expect(transport?.headers).toMatchObject({
      ...prefixed({ ...hop, correlationid: '1', causationid: '1' }),
    });
    expect(JSON.parse(String(envelope?.value))).toMatchObject({ ...trace, causationid: '2' });
    expect(raw?.headers).toMatchObject(hop);
  });

  test('records that have expired, or expire while they are tried again, are skipped, counted and committed', async () => {
    const c = await begin({ partitions: 1, environment: { KAFKA_MAX_ATTEMPTS: '1000' } });
    const expiring = (n: number, expiresAt: number, mark = '') => {
      const record = eventRecord(n, 1, mark);
      const ce_expirytime = new Date(expiresAt).toISOString();
      return { ...record, headers: { ...record.headers, ce_expirytime } };
    };
    c.predictor.faults.poison = 'poisoned';
    await c.produce([expiring(0, Date.now() - 1_000), eventRecord(1, 1)]);
    const { url } = await c.start();
    await untilWritten(c, 'output', 1);
    // While it is retried, others are answered: its attempts count, and there are many of them.
    await c.produce([expiring(2, Date.now() + 1_500, 'poisoned'), eventRecord(3, 1)]);
    await untilWritten(c, 'output', 2);
    await eventually('all is committed', async () => (await c.committed())[0] === 4);
    const predictions = c.predictor.counters.predictions;
    expect(c.numbers(c.output)).toEqual([[1, 3]]);
    expect(c.log.records(c.errors)).toEqual([]);
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toMatch(/kafka_records_total\{[^}]*result="skipped",detail="expired"[^}]*\} 2\n/);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(c.predictor.counters.predictions).toBe(predictions);
  });

  test('a record that expires while its prediction runs is given up then', async () => {
    const c = await begin({ partitions: 1 });
    c.predictor.faults.hang = true;
    const record = eventRecord(0, 1);
    await c.start();
    const ce_expirytime = new Date(Date.now() + 4_000).toISOString();
    await c.produce([{ ...record, headers: { ...record.headers, ce_expirytime } }]);
    await eventually('it is committed', async () => (await c.committed())[0] === 1);
    expect([c.log.records(c.output), c.log.records(c.errors)]).toEqual([[], []]);
  });
});
