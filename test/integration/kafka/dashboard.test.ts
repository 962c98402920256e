/** What dashboard and alerts ask for is there, in a running adapter that has had all kinds of work. */

import { describe, expect, test } from 'vitest';
import { irisPayloads } from '../../support/adapter.ts';
import { useBroker } from '../../support/broker.ts';
import { eventRecord, setFaults, untilWritten, useKafkaCases } from '../../support/kafka-case.ts';
import { missingIn, selectorsOf, shippedQueries } from '../../support/promql.ts';

const broker = await useBroker();

/** Of the controller, which a test of its own looks at. */
const isOfController = ({ expr }: { readonly expr: string }): boolean =>
  selectorsOf(expr).some(({ metric }) => metric.startsWith('seldon_eventing_controller_'));

describe.skipIf(broker.missing)('a running adapter', () => {
  const begin = useKafkaCases(broker);

  test('has every metric and label that dashboard and alerts ask for', async () => {
    const c = await begin();
    setFaults(c.predictor, { poison: 'bad' });
    await c.produce([eventRecord(1, 1), eventRecord(2, 1, 'bad')]);
    const { url } = await c.start({
      EVENT_TYPES: 'seldon.iris.default.request',
      // Nobody listens there.
      ...{ K_SINK: 'http://127.0.0.1:9', SINK_RETRY: '0' },
    });
    await untilWritten(c, 'output', 1);
    await untilWritten(c, 'errors', 1);
    const unwanted = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/', 'ce-type': 'x' };
    await fetch(url, { method: 'POST', body: '{}', headers: unwanted });
    const wanted = { ...unwanted, 'ce-type': 'seldon.iris.default.request' };
    const undelivered = await fetch(url, {
      ...{ method: 'POST', body: irisPayloads.seldon },
      headers: { ...wanted, 'content-type': 'application/json' },
    });
    expect(undelivered.status).toBe(502);
    const scrape = await (await fetch(`${url}/metrics`)).text();
    const queries = shippedQueries().filter((query) => !isOfController(query));
    expect(queries.length).toBeGreaterThan(30);
    // They need a logger's sink, a model that takes feedback, duplicates, and ERROR_EVENTS.
    const mayBeEmpty = [
      'seldon_eventing_payload_copies_total',
      'seldon_api_model_feedback_total',
      'seldon_eventing_duplicates_total',
      'seldon_eventing_error_events_total',
    ];
    expect(missingIn(scrape, queries, new Set(mayBeEmpty))).toEqual([]);
  });
});
