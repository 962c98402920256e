/**
 * An OpenTelemetry collector's receivers on real sockets: OTLP over HTTP (protobuf and JSON) and over
 * gRPC. It keeps the spans, decoded by the published messages (opentelemetry/proto/trace/v1).
 */

import { Buffer } from 'node:buffer';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { type Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { afterEach } from 'vitest';

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty where it begins its trace. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  /** `internal`, `server`, `client`, `producer`, `consumer`. */
  readonly kind: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Of the process. */
  readonly resource: Readonly<Record<string, unknown>>;
  readonly isError: boolean;
  readonly message: string;
  readonly linkedTraceIds: readonly string[];
  readonly linkedSpanIds: readonly string[];
  readonly startNanos: bigint;
  readonly endNanos: bigint;
}

export interface Collector {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly grpcUrl: string;
  readonly spans: CollectedSpan[];
  /** Of each export over HTTP. */
  readonly requests: { readonly path: string; readonly headers: IncomingMessage['headers'] }[];
  /** Of each export over gRPC. */
  readonly metadata: Readonly<Record<string, unknown>>[];
  readonly connections: () => number;
  /** The only span of this name. @throws Error where there is none, or are several */
  readonly span: (name: string) => CollectedSpan;
  readonly childrenOf: (span: CollectedSpan) => CollectedSpan[];
  readonly close: () => Promise<void>;
}

/** The parts that we look at; field numbers as published. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Request { repeated ResourceSpans resourceSpans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scopeSpans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span {
    bytes traceId = 1; bytes spanId = 2; string traceState = 3; bytes parentSpanId = 4;
    string name = 5; int32 kind = 6; fixed64 startTimeUnixNano = 7; fixed64 endTimeUnixNano = 8;
    repeated KeyValue attributes = 9; repeated Link links = 13; Status status = 15;
  }
  message Link { bytes traceId = 1; bytes spanId = 2; }
  message Status { string message = 2; int32 code = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue {
    oneof value { string stringValue = 1; bool boolValue = 2; int64 intValue = 3; double doubleValue = 4; }
  }
`);
const requestType = root.lookupType('Request');
const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

type Pair = { readonly key: string; readonly value?: Record<string, unknown> };
interface WireSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly Pair[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}
interface WireRequest {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly Pair[] };
    readonly scopeSpans?: readonly { readonly spans?: readonly WireSpan[] }[];
  }[];
}

const open: Collector[] = [];

/** One for the running test; `useCollectors` closes it. */
export async function openCollector(): Promise<Collector> {
  const collector = await createCollector();
  open.push(collector);
  return collector;
}

/** Closes what the tests of the file have opened. */
export function useCollectors(): void {
  afterEach(async () => {
    for (const collector of open.splice(0)) await collector.close();
  });
}

async function createCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const requests: Collector['requests'] = [];
  const metadata: Readonly<Record<string, unknown>>[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({ path: request.url ?? '', headers: request.headers });
      const body = Buffer.concat(chunks);
      const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      const isJson = request.headers['content-type'] === 'application/json';
      const wire = isJson ? JSON.parse(plain.toString()) : wireOf(plain);
      spans.push(...spansOf(wire as WireRequest));
      response.writeHead(200, { 'content-type': request.headers['content-type'] ?? '' });
      response.end(isJson ? '{}' : '');
    });
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const grpc = new Server();
  const bytes = (given: Buffer): Buffer => given;
  grpc.addService(
    {
      Export: {
        path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      },
    },
    {
      Export: (
        call: { request: Buffer; metadata: Metadata },
        done: (error: null, answer: Buffer) => void,
      ) => {
        metadata.push(call.metadata.getMap());
        spans.push(...spansOf(wireOf(call.request)));
        done(null, Buffer.alloc(0));
      },
    },
  );
  const grpcPort = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    grpcUrl: `http://127.0.0.1:${grpcPort}`,
    spans,
    requests,
    metadata,
    connections: () => connections,
    span: (name) => {
      const found = spans.filter((span) => span.name === name);
      const [only] = found;
      if (only === undefined || found.length > 1) {
        const names = spans.map((span) => span.name).join(', ');
        throw new Error(`${found.length} spans named "${name}" among: ${names}`);
      }
      return only;
    },
    childrenOf: ({ traceId, spanId }) =>
      spans.filter((span) => span.traceId === traceId && span.parentSpanId === spanId),
    close: async () => {
      grpc.forceShutdown();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** As OTLP's JSON has it: ids in hexadecimal. */
function wireOf(body: Buffer): WireRequest {
  const decoded = requestType.toObject(requestType.decode(body), { longs: String });
  return JSON.parse(
    JSON.stringify(decoded, (_key, value) =>
      value?.type === 'Buffer' ? Buffer.from(value.data).toString('hex') : value,
    ),
  ) as WireRequest;
}

function spansOf({ resourceSpans = [] }: WireRequest): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans
      .flatMap(({ spans = [] }) => spans)
      .map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? '',
        traceState: span.traceState ?? '',
        name: span.name,
        kind: kinds[span.kind] ?? '?',
        attributes: valuesOf(span.attributes),
        resource: valuesOf(resource?.attributes),
        isError: span.status?.code === 2,
        message: span.status?.message ?? '',
        linkedTraceIds: (span.links ?? []).map((link) => link.traceId),
        linkedSpanIds: (span.links ?? []).map((link) => link.spanId),
        startNanos: BigInt(span.startTimeUnixNano),
        endNanos: BigInt(span.endTimeUnixNano),
      })),
  );
}

const valuesOf = (pairs: readonly Pair[] = []): Record<string, unknown> =>
  Object.fromEntries(
    pairs.map(({ key, value = {} }) => {
      const [kind, told] = Object.entries(value)[0] ?? [];
      return [key, kind === 'intValue' ? Number(told) : told];
    }),
  );
