/** Opens a queue and a client for each sink that the loggers of a graph name. */

import { randomUUID } from 'node:crypto';
import type { AdapterConfig } from '../config/adapter.ts';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import { type CopyQueue, createCopyQueue } from '../delivery/copy-queue.ts';
import { type LogPayload, requestOf } from '../delivery/graph-call.ts';
import type { Log } from '../delivery/ports.ts';
import { encodeHttp } from '../event/http-message.ts';
import { type GraphNode, nodesOf } from '../graph/node.ts';
import {
  type CopyOptions,
  copyEvent,
  isCopied,
  type PayloadCopy,
  type PayloadKind,
} from '../graph/payload-copy.ts';
import type { GrpcBinding } from '../inference/grpc-binding.ts';
import { grpcBindingOf } from '../inference/grpc-bindings.ts';
import { seldonFeedback } from '../inference/seldon/grpc.ts';
import type { AdapterMetrics } from '../observability/metrics.ts';
import { createRestClient } from '../predictor/rest-client.ts';
import { noTlsFiles } from '../predictor/tls-files.ts';
import { now, schedule, wallClock } from './clock.ts';

export interface PayloadLog {
  /** Undefined where no node is logged. */
  readonly copy: LogPayload | undefined;
  /** Sends what there is, for a moment. */
  readonly close: () => Promise<void>;
}

interface Sink {
  readonly queue: CopyQueue<PayloadCopy>;
  readonly close: () => Promise<void>;
}

const closingMs = 2_000;

export function openPayloadLog(
  config: AdapterConfig,
  { metrics, log }: { readonly metrics: AdapterMetrics; readonly log: Log },
): PayloadLog {
  const { sdep, namespace, predictor } = config;
  const options: CopyOptions = {
    identity: { sdep, namespace, predictor },
    protocol: config.protocol,
    // As Seldon's executor writes it.
    source: `http://localhost:${config.httpPort}/`,
  };
  const names = config.transport === 'grpc' ? protoNames(config) : undefined;
  const sinks = new Map<string, Sink>();
  const sinkOf = ({ logger }: GraphNode): string | undefined =>
    logger && (logger.url ?? config.logSink)?.href;
  const { graph } = config;
  const nodes = graph === undefined ? [] : nodesOf(graph.root);
  for (const href of new Set(nodes.map(sinkOf))) {
    if (href !== undefined) sinks.set(href, openSink(new URL(href), config, options, metrics, log));
  }
  if (sinks.size === 0) return { copy: undefined, close: async () => undefined };
  metrics.watch('seldon_eventing_payload_copies_waiting', 'Copies of payloads not yet sent', () =>
    [...sinks.values()].reduce((sum, { queue }) => sum + queue.size(), 0),
  );
  return {
    copy: (kind, node, message, request, protoName = names?.[kind]) => {
      if (node.logger === undefined || !isCopied(kind, node.logger)) return;
      if (isSkipped(request.headers)) return;
      const sink = sinks.get(sinkOf(node) ?? '');
      sink?.queue.add({ kind, node: node.name, message, puid: request.puid, protoName });
    },
    close: async () => {
      await Promise.all([...sinks.values()].map((sink) => sink.close()));
    },
  };
}

function openSink(
  url: URL,
  config: AdapterConfig,
  options: CopyOptions,
  metrics: AdapterMetrics,
  log: Log,
): Sink {
  const client = createRestClient({
    url: new URL(url.origin),
    connections: config.logConcurrency,
    connectTimeoutMs: Math.min(config.connectTimeoutMs, config.logTimeoutMs),
    tls: noTlsFiles,
    maxAnswerBytes: config.maxAnswerBytes,
    setting: "the logger's url, REQUEST_LOGGER_DEFAULT_ENDPOINT",
  });
  const path = url.pathname + url.search;
  const send = async (copy: PayloadCopy): Promise<void> => {
    const event = copyEvent(copy, options, randomUUID(), new Date(wallClock()).toISOString());
    const { contentEncoding } = copy.message;
    const headers = Object.entries(encodeHttp(event, 'binary').headers).flat();
    if (contentEncoding !== undefined) headers.push('content-encoding', contentEncoding);
    if (copy.protoName !== undefined) headers.push('proto-name', copy.protoName);
    const body = copy.message.body;
    const answer = await client.call({ path, headers, body, timeoutMs: config.logTimeoutMs });
    if (answer.status >= 300) throw new Error(`the sink answered ${answer.status}`);
  };
  const queue = createCopyQueue<PayloadCopy>(
    {
      sink: url.origin + url.pathname,
      maxCopies: config.logMaxCopies,
      maxBytes: config.logMaxBytes,
      concurrency: config.logConcurrency,
    },
    { send, sizeOf, now, schedule, count: metrics.copied, log },
  );
  return {
    queue,
    close: async () => {
      await queue.close(closingMs);
      await client.close();
    },
  };
}

const sizeOf = ({ message }: PayloadCopy): number => message.body.byteLength;

/** Seldon's header by which a request asks not to be logged. */
function isSkipped(headers: readonly string[]): boolean {
  const at = headers.indexOf('seldon-skip-logging');
  return at >= 0 && /^(?:1|t|true)$/i.test(headers[at + 1] ?? '');
}

/** What nodes over gRPC exchange. A combiner's request is copied as it came to the combiner: no list. */
function protoNames({ protocol, seldonGrpcService }: AdapterConfig): Record<PayloadKind, string> {
  const { methods } = grpcBindingOf(protocol, seldonGrpcService);
  const [{ request, reply }] = methods;
  return { request, response: reply, feedback: seldonFeedback.request };
}

/**
 * The call of a single model, its payloads copied.
 * @param binding over gRPC: what predicts, since questions come the same way and are no payloads
 */
export function logged(
  call: CallWithinDeadline,
  node: GraphNode,
  copy: LogPayload | undefined,
  binding?: GrpcBinding,
): CallWithinDeadline {
  if (copy === undefined) return call;
  const predicting = binding && [...binding.methods, ...binding.otherMethods];
  return async (made) => {
    const method = predicting?.find(({ path }) => path === made.path);
    if (predicting !== undefined && method === undefined) return call(made);
    const { message, request } = requestOf(made);
    copy('request', node, message, request, method?.request);
    const answer = await call(made);
    if (answer.status >= 200 && answer.status < 300) {
      copy('response', node, answer, request, method?.reply);
    }
    return answer;
  };
}
