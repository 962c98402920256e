/**
 * How long requests and the calls of models took: the histograms of Seldon's executor, by its names,
 * labels and buckets, so that dashboards made for it go on.
 */

import { Histogram, type Registry } from 'prom-client';
import { headerOf } from '../delivery/header-list.ts';
import { isSampled, traceIdOf } from '../delivery/tracing.ts';
import { labelsOf, type ModelName, modelLabels } from './model-labels.ts';
import { remembered } from './remembered.ts';

export interface RequestMetrics {
  /** One answered HTTP request by POST. */
  readonly served: (service: string, status: number, seconds: number) => void;
  /** Likewise by GET. */
  readonly servedGet: (service: string, status: number, seconds: number) => void;
  /** One answered gRPC call, by its method and the name of its status. */
  readonly servedGrpc: (path: string, status: string, seconds: number) => void;
  /** One answered request or call, and the sampled span that is an example of its like. */
  readonly servedTraced: (served: ServedRequest, seconds: number, traceparent: string) => void;
  /** Makes the meter of the calls of one model. */
  readonly modelCalls: (model: MeasuredModel) => MeterCall;
}

export type Method = 'get' | 'post';

/** The labels of an answered request. */
export interface ServedRequest {
  readonly service: string;
  readonly method: 'post' | 'unary';
  readonly code: string;
}

/**
 * One call of the model; `code` is its status, or ours where it gave none, and `headers` are what
 * went along: alternating names and values.
 */
export type MeterCall = (
  path: string,
  method: Method,
  code: string,
  seconds: number,
  headers: readonly string[],
) => void;

/** What the labels of a model's calls say. */
export interface MeasuredModel extends ModelName {
  /** The paths told apart in `service`; calls of others, which callers name, share one. */
  readonly paths: ReadonlySet<string>;
}

/** Those of Seldon's executor, in seconds. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const predictorLabels = ['predictor_version', 'service', 'method', 'code'] as const;
/** Paths that a caller's model name is part of. */
const otherPath = 'other';

/** Registers them. @param exemplars whether times of requests name traces: where there are any */
export function createRequestMetrics(
  registers: Registry[],
  predictorVersion: string,
  exemplars: boolean,
): RequestMetrics {
  const name = (side: string): string => `seldon_api_executor_${side}_requests_seconds`;
  const server = new Histogram({
    name: name('server'),
    help: 'A histogram of latencies for executor server',
    labelNames: predictorLabels,
    buckets,
    registers,
    enableExemplars: exemplars,
  });
  const client = new Histogram({
    name: name('client'),
    help: 'A histogram of latencies for client calls from executor',
    labelNames: [...predictorLabels, ...modelLabels],
    buckets,
    registers,
    enableExemplars: exemplars,
  });
  const predictor_version = predictorVersion;
  const served = remembered((service, code, method) =>
    server.labels({ predictor_version, service, method, code }),
  );
  const modelCalls = (measured: MeasuredModel): MeterCall => {
    const { paths } = measured;
    const model = labelsOf(measured);
    const child = remembered((service, code, method) =>
      client.labels({ predictor_version, service, method, code, ...model }),
    );
    const plain: MeterCall = (path, method, code, seconds) =>
      child(paths.has(path) ? path : otherPath, code, method).observe(seconds);
    if (!exemplars) return plain;
    return (path, method, code, seconds, headers) => {
      const traceparent = headerOf(headers, 'traceparent');
      if (!isSampled(traceparent)) return plain(path, method, code, seconds, headers);
      const service = paths.has(path) ? path : otherPath;
      const labels = { predictor_version, service, method, code, ...model };
      client.observe({ labels, value: seconds, exemplarLabels: exampleOf(traceparent) });
    };
  };

  return {
    served: (service, status, seconds) => served(service, String(status), 'post').observe(seconds),
    servedGet: (service, status, seconds) =>
      served(service, String(status), 'get').observe(seconds),
    servedTraced: (request, seconds, traceparent) => {
      const labels = { predictor_version, ...request };
      server.observe({ labels, value: seconds, exemplarLabels: exampleOf(traceparent) });
    },
    servedGrpc: (path, status, seconds) => served(path, status, 'unary').observe(seconds),
    modelCalls,
  };
}

/** OpenMetrics' usual name for it, which Grafana looks for. */
const exampleOf = (traceparent: string): Record<string, string> => ({
  trace_id: traceIdOf(traceparent) ?? '',
});
