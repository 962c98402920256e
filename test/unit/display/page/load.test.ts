import { assert, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadOf, readMetrics } from '../../../../src/display/page/load.ts';
import { parseSamples } from '../../../../src/display/page/prometheus.ts';
import { createMetrics } from '../../../../src/observability/metrics.ts';

describe("Prometheus' text format", () => {
  const parse = (text: string) => parseSamples(text, new Set(['a', 'b_total']));

  test('gives the series that are asked for, with labels, timestamps and exponents', () => {
    const text = [
      '# HELP a what it is',
      '# TYPE a gauge',
      'a 1',
      'a{x="1",y="two, \\"three\\" }",} 2.5e3 1700000000000',
      'b_total{} 0.5',
      'other 7',
      'ab 8',
    ].join('\n');
    const samples = parse(text).map(({ name, labels, value }) => [
      name,
      Object.fromEntries(labels),
      value,
    ]);
    expect(samples).toEqual([
      ['a', {}, 1],
      ['a', { x: '1', y: 'two, \\"three\\" }' }, 2500],
      ['b_total', {}, 0.5],
    ]);
  });

  test('is passed over where it is none, or no number', () => {
    expect(parse('a\na x\na NaN\na +Inf\na{x="1" 2\n{} 3\n\u0000\na1 1')).toEqual([]);
  });

  test('of whatever kind never throws', () => {
    assert(property(string(), (text) => void parse(`a ${text}\na{${text}} 1\n${text}`)));
  });
});

const adapter = (answered: number, lag = 5) =>
  [
    `seldon_api_executor_server_requests_seconds_count{method="post",service="predictions"} ${answered}`,
    'seldon_api_executor_server_requests_seconds_count{method="get",service="metadata"} 1000',
    `seldon_eventing_kafka_records_total{result="answered",detail=""} ${answered}`,
    'seldon_eventing_kafka_records_total{result="attempt-failed",detail="x"} 1000',
    'seldon_eventing_http_running 2',
    'seldon_eventing_kafka_in_flight{partition="0"} 3',
    'seldon_eventing_kafka_in_flight{partition="1"} 4',
    `seldon_eventing_kafka_lag{partition="0"} ${lag}`,
  ].join('\n');

describe('the load', () => {
  test('is the sum over the targets; the rate is what was answered between two readings', () => {
    const before = ['a', 'b'].map((target) => readMetrics(target, adapter(10), 1_000));
    const now = ['a', 'b'].map((target) => readMetrics(target, adapter(60), 3_000));
    expect(loadOf(3, now, before)).toEqual({
      ratePerSecond: 100,
      inFlight: 18,
      lag: 10,
      replicas: 2,
      targets: 3,
      targetsAnswering: 2,
    });
  });

  test('counts an adapter that began anew from 0, and one that is new not yet', () => {
    const before = [readMetrics('a', adapter(500), 0)];
    const now = [readMetrics('a', adapter(5), 1_000), readMetrics('b', adapter(900), 1_000)];
    expect(loadOf(2, now, before).ratePerSecond).toBe(10);
    expect(loadOf(1, [readMetrics('b', adapter(900), 1_000)], []).ratePerSecond).toBeUndefined();
  });

  test('says nothing of what nobody tells: 0 replicas are known, a lag of 0 is not', () => {
    expect(loadOf(2, [], [])).toEqual({
      ratePerSecond: undefined,
      inFlight: undefined,
      lag: undefined,
      replicas: 0,
      targets: 2,
      targetsAnswering: 0,
    });
  });

  test('has the replicas that kube-state-metrics tells, where it is among the targets', () => {
    const text = 'kube_deployment_status_replicas{deployment="iris"} 4';
    const now = [readMetrics('ksm', text, 0), readMetrics('a', adapter(1), 0)];
    expect(loadOf(2, now, []).replicas).toBe(4);
    expect(loadOf(1, [readMetrics('other', 'up 1', 0)], []).replicas).toBe(0);
  });

  test("is read from an adapter's own metrics", async () => {
    const identity = { sdep: 'iris', namespace: 'default', predictor: 'default' };
    const metrics = createMetrics(identity);
    metrics.watch('seldon_eventing_http_running', 'x', () => 3);
    metrics.watchPartitions('seldon_eventing_kafka_lag', 'x', () => [[0, 7]]);
    metrics.watchPartitions('seldon_eventing_kafka_in_flight', 'x', () => [[0, 2]]);
    metrics.served('predictions', 200, 0.1);
    metrics.record('answered', '');
    const reading = readMetrics('a', (await metrics.expose(undefined)).text, 0);
    expect(reading).toMatchObject({ answered: 2, inFlight: 5, lag: 7, isAdapter: true });
  });
});
