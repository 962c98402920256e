/** Traces over HTTP and gRPC, as a collector receives them. */

import { describe, expect, test } from 'vitest';
import {
  ceHeaders,
  irisPayloads,
  openAdapter,
  predictionPaths,
  send,
  type TestAdapter,
} from '../../support/adapter.ts';
import { useGraphNodes } from '../../support/graph-nodes.ts';
import { openGrpcClient } from '../../support/grpc-client.ts';
import { useGrpcPredictor } from '../../support/grpc-predictor.ts';
import { type CollectedSpan, openCollector, useCollectors } from '../../support/otlp-collector.ts';
import { goodMessage } from '../../support/raw-grpc.ts';
import { useRecordingPredictor } from '../../support/recording-predictor.ts';

useCollectors();
const predictor = useRecordingPredictor();
const grpcPredictor = useGrpcPredictor();
const nodes = useGraphNodes();

const traceId = '0af7651916cd43dd8448eb211c80319c';
const sampled = `00-${traceId}-b7ad6b7169203331-01`;
const unsampled = `00-${traceId}-b7ad6b7169203331-00`;
const body = irisPayloads.seldon;

/** An adapter whose spans go to a collector of the test's. */
async function traced(settings: Readonly<Record<string, string>> = {}) {
  const collector = await openCollector();
  const adapter = await openAdapter({
    PREDICTOR_URL: predictor.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    ...settings,
  });
  return { collector, adapter };
}

const sendEvent = (adapter: TestAdapter, headers: Record<string, string> = {}) =>
  send(adapter.url, { headers: ceHeaders(headers), body });

const sendPlain = (adapter: TestAdapter, headers: Record<string, string> = {}) =>
  send(adapter.url + predictionPaths.seldon, {
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });

/** Names and parents of a trace, as a tree. */
function treeOf(spans: readonly CollectedSpan[], parentSpanId: string, indent = ''): string[] {
  return spans
    .filter((span) => span.parentSpanId === parentSpanId)
    .toSorted((a, b) => Number(a.startNanos - b.startNanos) || a.name.localeCompare(b.name))
    .flatMap((span) => [
      `${indent}${span.name} (${span.kind})`,
      ...treeOf(spans, span.spanId, `${indent}  `),
    ]);
}

describe('a traced request', () => {
  test('an event: received, waited for a place, predicted, replied, under the trace that came', async () => {
    const { collector, adapter } = await traced();
    const answer = await sendEvent(adapter, { traceparent: sampled, tracestate: 'vendor=1' });
    await adapter.stop();

    expect(treeOf(collector.spans, 'b7ad6b7169203331').sort()).toEqual(
      [
        'POST / (server)',
        '  receive (internal)',
        '  wait (internal)',
        '  CloudEvents Process test.request (consumer)',
        '    predict iris (internal)',
        '      POST (client)',
        '  reply (internal)',
      ].sort(),
    );
    expect(new Set(collector.spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
    const states = collector.spans.map(({ name, traceState }) => `${name}: ${traceState}`);
    expect(states.filter((state) => !state.endsWith(': vendor=1'))).toEqual([]);
    const server = collector.span('POST /');
    expect(server.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/',
      'url.path': '/',
      'http.response.status_code': 200,
    });
    expect(server.resource).toMatchObject({
      'service.name': 'iris',
      'service.namespace': 'tests',
      'seldon.predictor.name': 'default',
    });
    const event = collector.span('CloudEvents Process test.request');
    expect(event.attributes).toMatchObject({
      'cloudevents.event_id': 'event-1',
      'cloudevents.event_source': '/tests',
      'cloudevents.event_type': 'test.request',
      'seldon.outcome': 'replied',
    });
    const call = collector.span('POST');
    expect(call.attributes).toMatchObject({
      'server.address': '127.0.0.1',
      'url.full': `${predictor.url}/predict`,
      'http.response.status_code': 200,
    });
    // The predictor and the consumers of the reply continue the trace where we left it.
    expect(predictor.calls[0]?.headers['traceparent']).toBe(`00-${traceId}-${call.spanId}-01`);
    expect(answer.headers['ce-traceparent']).toBe(`00-${traceId}-${event.spanId}-01`);
    expect(answer.headers['ce-tracestate']).toBe('vendor=1');
    for (const { startNanos, endNanos } of collector.spans) {
      expect(endNanos >= startNanos).toBe(true);
      expect(startNanos >= server.startNanos && endNanos <= server.endNanos).toBe(true);
    }
  });

  test('one without a trace begins its own; an event says it in its attributes too', async () => {
    const { collector, adapter } = await traced();
    await sendEvent(adapter, { 'ce-id': 'fresh' });
    await sendEvent(adapter, { 'ce-id': 'told', 'ce-traceparent': sampled });
    await adapter.stop();
    const [fresh, told] = collector.spans.filter(({ name }) => name === 'POST /');
    expect([fresh?.parentSpanId, fresh?.traceId === traceId]).toEqual(['', false]);
    expect([told?.parentSpanId, told?.traceId]).toEqual(['b7ad6b7169203331', traceId]);
  });

  test('an event of another trace than its transport is linked to it', async () => {
    const { collector, adapter } = await traced();
    const other = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    await sendEvent(adapter, { traceparent: sampled, 'ce-traceparent': other });
    await adapter.stop();
    const event = collector.span('CloudEvents Process test.request');
    expect([event.traceId, event.linkedTraceIds]).toEqual([traceId, ['1'.repeat(32)]]);
  });

  test('an ordinary prediction, its failed attempts each by itself', async () => {
    const { collector, adapter } = await traced();
    predictor.answer = (_call, response, nth) => {
      response.statusCode = nth === 1 ? 503 : 200;
      response.end('{}');
    };
    await sendPlain(adapter, { traceparent: sampled });
    await adapter.stop();
    const attempts = collector.spans.filter(({ name }) => name === 'POST');
    expect(
      attempts.map(({ attributes, isError }) => [
        attributes['http.response.status_code'],
        attributes['http.request.resend_count'],
        isError,
      ]),
    ).toEqual([
      [503, undefined, true],
      [200, 1, false],
    ]);
    expect(treeOf(collector.spans, 'b7ad6b7169203331')[0]).toBe(
      'POST /api/v1.0/predictions (server)',
    );
    const seen = predictor.calls.map(({ rawHeaders }) =>
      rawHeaders.filter((_, i) => rawHeaders[i - (i % 2)]?.toLowerCase() === 'traceparent'),
    );
    expect(seen).toEqual(
      attempts.map(({ spanId }) => ['traceparent', `00-${traceId}-${spanId}-01`]),
    );
  });

  test('a failure: the code on the spans, neither payload nor secret anywhere', async () => {
    const { collector, adapter } = await traced({
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20SECRET-1',
    });
    predictor.answer = (_call, response) => {
      response.statusCode = 500;
      response.end('PAYLOAD-ANSWER');
    };
    await send(`${adapter.url}/?key=SECRET-2`, {
      headers: ceHeaders({ traceparent: sampled }),
      body: '{"data":{"ndarray":[["PAYLOAD-1"]]}}',
    });
    await adapter.stop();
    expect(collector.requests[0]?.headers.authorization).toBe('Bearer SECRET-1');
    expect(collector.span('POST /')).toMatchObject({
      isError: true,
      attributes: { 'error.type': '502', 'seldon.error.code': 'PREDICTOR_FAILED' },
    });
    expect(collector.span('CloudEvents Process test.request')).toMatchObject({
      isError: true,
      attributes: { 'error.type': 'PREDICTOR_FAILED', 'seldon.error.class': 'transient' },
    });
    const told = JSON.stringify([collector.spans, adapter.log], (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    expect(told).not.toMatch(/SECRET|PAYLOAD/);
  });

  test('a batch: each event by itself', async () => {
    const { collector, adapter } = await traced();
    const event = (id: string) => ({
      ...{ specversion: '1.0', id, source: '/s', type: 't', data: JSON.parse(body) },
    });
    await send(adapter.url, {
      headers: { 'content-type': 'application/cloudevents-batch+json', traceparent: sampled },
      body: JSON.stringify([event('1'), event('2')]),
    });
    await adapter.stop();
    const children = collector.childrenOf(collector.span('POST /'));
    const ids = children.map(({ attributes }) => attributes['cloudevents.event_id']);
    expect(ids.filter((id) => id !== undefined).sort()).toEqual(['1', '2']);
  });

  /** Answers each row with itself. */
  const echoRows = (): void => {
    predictor.answer = (call, response) => {
      const rows = JSON.parse(call.body.toString()).data.ndarray as unknown[];
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ data: { names: [], ndarray: rows } }));
    };
  };
  const traceOf = (n: number): string => String(n).repeat(32);
  const parentOf = (n: number, flags = '01'): string =>
    `00-${traceOf(n)}-${String(n).repeat(16)}-${flags}`;

  test('micro-batches: the call is linked to every member, and every trace shows it', async () => {
    const { collector, adapter } = await traced({ BATCH_MAX_SIZE: '3', BATCH_MAX_WAIT_MS: '2000' });
    echoRows();
    const answers = await Promise.all(
      [1, 2, 3].map((n) =>
        sendEvent(adapter, {
          ...{ 'ce-id': String(n), traceparent: parentOf(n), tracestate: `vendor=${n}` },
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    await adapter.stop();

    const members = collector.spans.filter(({ name }) => name === 'predict');
    expect(members.map(({ traceId }) => traceId).sort()).toEqual([1, 2, 3].map(traceOf));
    const shared = collector.span('predict batch');
    expect(shared.attributes['seldon.batch.member_count']).toBe(3);
    expect([...shared.linkedSpanIds].sort()).toEqual(members.map(({ spanId }) => spanId).sort());
    expect(members.map(({ spanId }) => spanId)).toContain(shared.parentSpanId);
    const [call] = collector.childrenOf(shared);
    expect(call?.name).toBe('predict iris');
    const [attempt] = call === undefined ? [] : collector.childrenOf(call);
    expect(attempt?.name).toBe('POST');
    expect(
      predictor.calls.map(({ headers }) => [headers['traceparent'], headers['tracestate']]),
    ).toEqual([
      [`00-${shared.traceId}-${attempt?.spanId}-01`, `vendor=${shared.traceId.charAt(0)}`],
    ]);
    const shown = collector.spans.filter(({ name }) => name === 'predict in batch');
    expect([shared, ...shown].map(({ traceId }) => traceId).sort()).toEqual([1, 2, 3].map(traceOf));
    for (const span of shown) {
      expect(span.linkedSpanIds).toEqual([shared.spanId]);
      expect(span.linkedTraceIds).toEqual([shared.traceId]);
      const parent = members.find(({ spanId }) => spanId === span.parentSpanId);
      expect(parent?.traceId).toBe(span.traceId);
      expect(span.traceState).toBe(`vendor=${span.traceId.charAt(0)}`);
    }
  });

  test('micro-batches: the call is in the trace of the first that is sampled', async () => {
    const { collector, adapter } = await traced({ BATCH_MAX_SIZE: '2', BATCH_MAX_WAIT_MS: '2000' });
    echoRows();
    const first = sendEvent(adapter, { 'ce-id': '1', traceparent: parentOf(1, '00') });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const answers = await Promise.all([
      first,
      sendEvent(adapter, { 'ce-id': '2', traceparent: parentOf(2) }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    await adapter.stop();
    expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([traceOf(2)]));
    const shared = collector.span('predict batch');
    expect(shared.linkedTraceIds).toEqual([traceOf(2)]);
    expect(predictor.calls.length).toBe(1);
    expect(String(predictor.calls[0]?.headers['traceparent'])).toContain(traceOf(2));
  });

  test('micro-batches: one that fails together is told so to all, and each call after it to one', async () => {
    const { collector, adapter } = await traced({ BATCH_MAX_SIZE: '2', BATCH_MAX_WAIT_MS: '2000' });
    predictor.answer = (call, response) => {
      const rows = JSON.parse(call.body.toString()).data.ndarray as unknown[];
      response.statusCode = rows.length > 1 ? 500 : 200;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ data: { names: [], ndarray: rows } }));
    };
    await Promise.all(
      [1, 2].map((n) => sendEvent(adapter, { 'ce-id': String(n), traceparent: parentOf(n) })),
    );
    await adapter.stop();
    const told = collector.spans.filter(({ name }) => name.endsWith(' batch'));
    expect(told.map(({ traceId, isError }) => [traceId, isError]).sort()).toEqual([
      [traceOf(1), true],
      [traceOf(2), true],
    ]);
    const alone = collector.spans.filter(
      ({ name, isError }) => name === 'predict iris' && !isError,
    );
    expect(alone.map(({ traceId }) => traceId).sort()).toEqual([traceOf(1), traceOf(2)]);
  });

  test('a graph: every node, by its name', async () => {
    const engine = await nodes.engine({
      name: 'in',
      type: 'TRANSFORMER',
      children: [
        {
          name: 'both',
          type: 'COMBINER',
          children: [
            { name: 'a', type: 'MODEL' },
            { name: 'b', type: 'MODEL' },
          ],
        },
      ],
    });
    const { collector, adapter } = await traced({ PREDICTOR_URL: '', ENGINE_PREDICTOR: engine });
    const answer = await sendEvent(adapter, { traceparent: sampled });
    expect(answer.status).toBe(200);
    await adapter.stop();
    const predictions = collector.spans.filter(({ name }) => name.startsWith('predict '));
    expect(predictions.map(({ attributes }) => attributes['seldon.node.name']).sort()).toEqual(
      ['a', 'b', 'both', 'in'].sort(),
    );
    const event = collector.span('CloudEvents Process test.request');
    expect(predictions.every(({ parentSpanId }) => parentSpanId === event.spanId)).toBe(true);
    for (const prediction of predictions) {
      const [attempt, ...others] = collector.childrenOf(prediction);
      expect([attempt?.name, others]).toEqual(['POST', []]);
    }
  });

  test('a gRPC call: served and made, under the trace that came', async () => {
    const { collector, adapter } = await traced({
      PREDICTOR_URL: grpcPredictor.url,
      GRPC_PORT: '0',
    });
    const call = openGrpcClient(adapter.grpcPort);
    const answer = await call('/seldon.protos.Seldon/Predict', goodMessage, {
      metadata: { traceparent: sampled },
    });
    expect(answer.status).toBe('OK');
    await adapter.stop();
    const server = collector.spans.find(({ kind }) => kind === 'server');
    expect(server).toMatchObject({
      name: 'seldon.protos.Seldon/Predict',
      parentSpanId: 'b7ad6b7169203331',
      attributes: {
        'rpc.system': 'grpc',
        'rpc.service': 'seldon.protos.Seldon',
        'rpc.method': 'Predict',
        'rpc.response.status_code': 'OK',
      },
    });
    const made = collector.spans.find(({ kind }) => kind === 'client');
    expect(made?.attributes['rpc.method']).toBe('Predict');
    expect(grpcPredictor.calls[0]?.metadata.get('traceparent')).toEqual([
      `00-${traceId}-${made?.spanId}-01`,
    ]);
  });
});

describe('what is traced', () => {
  test('what a parent did not sample is not, and goes on as it came', async () => {
    const { collector, adapter } = await traced();
    await sendEvent(adapter, { traceparent: unsampled });
    await sendPlain(adapter, { traceparent: unsampled });
    await adapter.stop();
    expect(collector.spans).toEqual([]);
    const seen = predictor.calls.map(({ headers }) => headers['traceparent']);
    expect(seen).toEqual([unsampled, unsampled]);
  });

  test.each([
    ['parentbased_traceidratio', '0', [sampled], 1],
    ['parentbased_traceidratio', '0', [undefined, undefined], 0],
    ['parentbased_traceidratio', '1', [undefined, unsampled], 1],
    ['traceidratio', '0', [sampled], 0],
    ['always_on', '', [unsampled, undefined], 2],
    ['always_off', '', [sampled], 0],
    ['parentbased_always_off', '', [sampled, undefined], 1],
    ['no_such_sampler', '', [sampled, unsampled], 1],
  ])('%s %s of %j: %i', async (sampler, arg, parents, count) => {
    const { collector, adapter } = await traced({
      OTEL_TRACES_SAMPLER: sampler,
      OTEL_TRACES_SAMPLER_ARG: arg,
    });
    for (const parent of parents)
      await sendPlain(adapter, parent === undefined ? {} : { traceparent: parent });
    await adapter.stop();
    expect(collector.spans.filter(({ kind }) => kind === 'server').length).toBe(count);
  });

  test('what is not sampled says so to the predictor, under a trace of its own', async () => {
    const { adapter } = await traced({ OTEL_TRACES_SAMPLER: 'always_off' });
    await sendPlain(adapter);
    await sendEvent(adapter);
    const seen = predictor.calls.map(({ headers }) => String(headers['traceparent']));
    expect(seen.every((text) => /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/.test(text))).toBe(true);
    expect(new Set(seen).size).toBe(2);
  });

  test.each([
    'x',
    `00-${traceId}-b7ad6b7169203331-01-more`,
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `ff-${traceId}-b7ad6b7169203331-01`,
    `${sampled}, ${sampled}`,
    `00-${traceId.toUpperCase()}-b7ad6b7169203331-01`,
  ])('a traceparent that is none begins a new trace: %s', async (traceparent) => {
    const { collector, adapter } = await traced();
    const answer = await sendPlain(adapter, { traceparent });
    expect(answer.status).toBe(200);
    await adapter.stop();
    const server = collector.span('POST /api/v1.0/predictions');
    expect([server.parentSpanId, server.traceId === traceId]).toEqual(['', false]);
    expect(predictor.calls[0]?.headers['traceparent']).toContain(server.traceId);
  });

  test.each([
    ['unset', {}],
    ['an exporter of none', { OTEL_TRACES_EXPORTER: 'none' }],
    ['disabled', { OTEL_SDK_DISABLED: 'true', OTEL_TRACES_EXPORTER: 'otlp' }],
  ])(
    'off (%s): nothing connects, and the trace goes through as it came',
    async (what, settings) => {
      const collector = await openCollector();
      const endpoint = what === 'unset' ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
      const adapter = await openAdapter({ PREDICTOR_URL: predictor.url, ...endpoint, ...settings });
      const answer = await sendEvent(adapter, { 'ce-traceparent': sampled });
      await adapter.stop();
      expect(collector.connections()).toBe(0);
      expect(predictor.calls[0]?.headers['traceparent']).toBe(sampled);
      expect(answer.headers['ce-traceparent']).toBe(sampled);
    },
  );
});

describe('spans are sent', () => {
  test.each([
    ['http/protobuf', 'application/x-protobuf'],
    ['http/json', 'application/json'],
  ])('by %s, below the endpoint', async (protocol, type) => {
    const { collector, adapter } = await traced({
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_SERVICE_NAME: 'my-service',
      OTEL_RESOURCE_ATTRIBUTES: 'team=a%20b,broken,env=test',
    });
    await sendPlain(adapter);
    await adapter.stop();
    expect(collector.requests[0]).toMatchObject({
      path: '/v1/traces',
      headers: { 'content-type': type },
    });
    expect(collector.spans[0]?.resource).toMatchObject({
      'service.name': 'my-service',
      team: 'a b',
      env: 'test',
    });
    expect(adapter.log.map(({ message }) => message).join()).toContain('OTEL_RESOURCE_ATTRIBUTES');
  });

  test('by gRPC', async () => {
    const { collector, adapter } = await traced({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
    await adapter.stop();
    const over = await openAdapter({
      PREDICTOR_URL: predictor.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcUrl,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    });
    await sendPlain(over);
    await over.stop();
    expect(collector.metadata.length).toBe(1);
    expect(collector.span('POST /api/v1.0/predictions').kind).toBe('server');
  });

  test('to a collector that is not there: told once, and no prediction fails', async () => {
    const adapter = await openAdapter({
      PREDICTOR_URL: predictor.url,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://user:SECRET@127.0.0.1:9/traces?token=SECRET',
    });
    for (let i = 0; i < 20; i += 1) expect((await sendPlain(adapter)).status).toBe(200);
    await adapter.stop();
    const lines = adapter.log.map((line) => JSON.stringify(line));
    expect(lines.join()).not.toContain('SECRET');
    expect(
      adapter.log.filter(({ message }) => message.includes('spans cannot be sent')).length,
    ).toBeLessThanOrEqual(1);
  });
});
