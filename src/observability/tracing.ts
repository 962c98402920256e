/**
 * Spans by OpenTelemetry's SDK, sent by OTLP. Loaded only where something is traced: the libraries
 * take memory and time. No instrumentation of other libraries, no global state.
 *
 * T1 A collector that cannot be reached is told of once, then ever more seldom; spans that do not
 *    fit into the bounded queue meanwhile are dropped, and no prediction waits.
 * T2 Headers and the userinfo of the address are secrets.
 */

import {
  type Attributes,
  type Link,
  ROOT_CONTEXT,
  SpanKind,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import type { Log, Now } from '../delivery/ports.ts';
import { createRepeatedFault } from '../delivery/repeated-fault.ts';
import type { Span, SpanFields, SpanStart, Tracing } from '../delivery/tracing.ts';
import { contextOf } from './trace-context.ts';

export interface TracingOptions {
  readonly protocol: 'http/protobuf' | 'http/json' | 'grpc';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly sampler: string;
  readonly ratio: number;
  readonly resource: Readonly<Record<string, string>>;
}

export interface TracingDeps {
  readonly now: Now;
  readonly wallClock: () => number;
  readonly log: Log;
}

export interface RunningTracing extends Tracing {
  /** Sends what is left, for at most so long. */
  readonly close: (timeoutMs: number) => Promise<void>;
}

const kinds: Readonly<Record<SpanStart['kind'], SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};
const codes = { error: 2 } as const;
/** So long a failure is told in a span. */
const maxMessageLength = 500;

/** Begins to trace; connects when the first spans are sent. */
export async function createTracing(
  options: TracingOptions,
  deps: TracingDeps,
): Promise<RunningTracing> {
  const { now, wallClock } = deps;
  const exporter = watched(await openExporter(options), options.url, deps);
  const provider = new BasicTracerProvider({
    sampler: samplerOf(options),
    resource: resourceFromAttributes({ ...options.resource }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('seldon-eventing');
  const epochMs = createEpoch(now, wallClock);

  const start = ({ name, kind, parent, state, links, fields, startMs }: SpanStart): Span => {
    const context = parent === undefined ? undefined : contextOf(parent, state);
    const span = tracer.startSpan(
      name,
      {
        kind: kinds[kind],
        startTime: epochMs(startMs ?? now()),
        ...(fields && { attributes: attributesOf(fields) }),
        ...(links && { links: linksOf(links) }),
      },
      context === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, context),
    );
    const { traceId, spanId, traceFlags } = span.spanContext();
    const isSampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
    const traceparent = `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
    if (!isSampled) return { traceparent, isRecorded: false, end: ignore };
    return {
      traceparent,
      isRecorded: true,
      end: (end = {}) => {
        if (end.fields) span.setAttributes(attributesOf(end.fields));
        if (end.error !== undefined) {
          span.setAttribute('error.type', end.error);
          const message = end.message?.slice(0, maxMessageLength);
          span.setStatus({ code: codes.error, ...(message && { message }) });
        }
        span.end(epochMs(now()));
      },
    };
  };

  return {
    start,
    now,
    parentDecides: options.sampler.startsWith('parentbased_'),
    arrivals: new Map(),
    attempts: new Map(),
    close: async (timeoutMs) => {
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      // What cannot be sent was told when it failed.
      await Promise.race([provider.shutdown().catch(ignore), timeout]);
      clearTimeout(timer);
    },
  };
}

const ignore = (): void => undefined;

const linksOf = (traceparents: readonly string[]): Link[] =>
  traceparents.flatMap((traceparent) => {
    const context = contextOf(traceparent);
    return context === undefined ? [] : [{ context }];
  });

const attributesOf = (fields: SpanFields): Attributes => fields as Attributes;

function samplerOf({ sampler, ratio }: TracingOptions): Sampler {
  const [, root = sampler] = /^parentbased_(.*)$/.exec(sampler) ?? [];
  const byName: Record<string, () => Sampler> = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(ratio),
  };
  const made = (byName[root] ?? (() => new AlwaysOnSampler()))();
  return root === sampler ? made : new ParentBasedSampler({ root: made });
}

async function openExporter({ protocol, url, headers }: TracingOptions): Promise<SpanExporter> {
  const to = { url: url.href };
  switch (protocol) {
    case 'http/json': {
      const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
      return new OTLPTraceExporter({ ...to, headers: { ...headers } });
    }
    case 'grpc': {
      // It reads the headers from the environment by itself.
      const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-grpc');
      return new OTLPTraceExporter(to);
    }
    case 'http/protobuf': {
      const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
      return new OTLPTraceExporter({ ...to, headers: { ...headers } });
    }
    default:
      return protocol satisfies never;
  }
}

/** Tells of failures, which the SDK keeps to itself. */
function watched(exporter: SpanExporter, url: URL, deps: TracingDeps): SpanExporter {
  const fault = createRepeatedFault(
    {
      level: 'warn',
      message:
        'spans cannot be sent and are dropped; predictions go on. Look at OTEL_EXPORTER_OTLP_ENDPOINT and the collector',
      over: 'spans are sent again',
    },
    deps,
  );
  const collector = `${url.protocol}//${url.host}${url.pathname}`;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error === undefined) fault.succeeded();
        else fault.failed(reasonOf(result.error), { collector });
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}

/** Node's error of several addresses has no message of its own. */
function reasonOf(error: Error & { code?: string | number }): string {
  const { message, code = '' } = error;
  return message === '' ? `${error.name} ${code}`.trim() : message;
}

/** How often the two clocks are laid beside each other, in ms. */
const alignEveryMs = 60_000;

/** From the clock of `Now`, which never goes back, to ms since the epoch. */
function createEpoch(now: Now, wallClock: () => number): (ms: number) => number {
  let alignedMs = now();
  let offsetMs = wallClock() - alignedMs;
  return (ms) => {
    if (ms - alignedMs > alignEveryMs) {
      alignedMs = now();
      offsetMs = wallClock() - alignedMs;
    }
    return ms + offsetMs;
  };
}
