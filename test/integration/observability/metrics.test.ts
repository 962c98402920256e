/** Scrapes: text for those who ask for nothing else, OpenMetrics with exemplars for those who do. */

import { describe, expect, test } from 'vitest';
import {
  ceHeaders,
  get,
  irisPayloads,
  openAdapter,
  send,
  type TestAdapter,
} from '../../support/adapter.ts';
import { openCollector, useCollectors } from '../../support/otlp-collector.ts';

useCollectors();

const openMetrics = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const prometheus =
  'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';
const traceId = '0af7651916cd43dd8448eb211c80319c';

const scrape = (adapter: TestAdapter, accept: string) =>
  send(`${adapter.url}/metrics`, { method: 'GET', headers: { accept } });
const sendEvent = (adapter: TestAdapter, flags: string) =>
  send(adapter.url, {
    headers: ceHeaders({ traceparent: `00-${traceId}-b7ad6b7169203331-${flags}` }),
    body: irisPayloads.seldon,
  });

describe('a scrape', () => {
  test.each([
    ['', 'text/plain'],
    ['*/*', 'text/plain'],
    ['text/plain', 'text/plain'],
    ['application/openmetrics-text;q=0.1, text/plain', 'text/plain'],
    ['application/openmetrics-text;q=0', 'text/plain'],
    ['application/openmetrics-text', 'application/openmetrics-text'],
    [prometheus, 'application/openmetrics-text'],
    [';;,q=,application/openmetrics-text;q=x', 'text/plain'],
  ])('by %j is answered in %s', async (accept, type) => {
    const adapter = await openAdapter();
    const answer = await scrape(adapter, accept);
    expect(answer.headers['content-type']).toContain(type);
    expect(answer.text.endsWith('# EOF\n')).toBe(type !== 'text/plain');
  });

  test('has the same names in both formats, however often they are read', async () => {
    const adapter = await openAdapter();
    await sendEvent(adapter, '00');
    const namesOf = (text: string) => [
      ...new Set([...text.matchAll(/^([a-z_]+)\{/gm)].map(([, name]) => name)),
    ];
    const [plain, open, again] = [
      await get(`${adapter.url}/metrics`),
      await scrape(adapter, openMetrics),
      await get(`${adapter.url}/metrics`),
    ];
    expect(namesOf(open.text)).toEqual(namesOf(plain.text));
    expect(again.text).toContain('# TYPE seldon_eventing_kafka_records_total counter');
    expect(open.text).toContain('# TYPE seldon_eventing_kafka_records counter');
    expect(again.text).toContain('seldon_api_executor_server_requests_seconds_count{');
    // Without traces there are no examples of them.
    expect(open.text).not.toContain('trace_id');
  });

  test('with tracing on names a sampled trace with request times, in OpenMetrics alone', async () => {
    const collector = await openCollector();
    const adapter = await openAdapter({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await sendEvent(adapter, '01');
    const { text } = await scrape(adapter, openMetrics);
    for (const side of ['server', 'client']) {
      expect(text).toMatch(
        new RegExp(
          `^seldon_api_executor_${side}_requests_seconds_bucket\\{[^#]*# \\{trace_id="${traceId}"\\} `,
          'm',
        ),
      );
    }
    const plain = await get(`${adapter.url}/metrics`);
    expect(plain.headers['content-type']).toContain('text/plain');
    expect(plain.text).not.toContain('trace_id');
    expect(plain.text).toMatch(/^seldon_api_executor_server_requests_seconds_count\{.*\} 1$/m);
  });

  test('with tracing on, and nothing sampled, names none', async () => {
    const collector = await openCollector();
    const adapter = await openAdapter({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await sendEvent(adapter, '00');
    const { text } = await scrape(adapter, openMetrics);
    expect(text).not.toContain('trace_id');
    expect(text).toMatch(/^seldon_api_executor_server_requests_seconds_count\{.*\} 1$/m);
  });
});
