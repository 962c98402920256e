/** Liveness, readiness and metrics; Seldon's names beside Kubernetes' usual ones. */

import type { FastifyInstance } from 'fastify';
import type { ProtocolName } from '../inference/protocol.ts';
import { type ExposeMetrics, sendMetrics } from './send-metrics.ts';

/** Whether requests can be answered, and what stands in the way. */
export interface ReadinessReport {
  readonly ready: boolean;
  /** What each part says of itself. */
  readonly parts: Readonly<Record<string, string>>;
}

export interface HealthRoutesOptions {
  readonly metricsPath: string;
  /** v2 has health routes of its own. */
  readonly protocol: ProtocolName;
}

export interface HealthRoutesDeps {
  readonly readiness: () => ReadinessReport;
  /** What only a restart of the process can mend; undefined where there is nothing. */
  readonly hopeless?: () => string | undefined;
  readonly metrics: { readonly expose: ExposeMetrics };
}

const livePaths = ['/livez', '/live'];
const readyPaths = ['/readyz', '/ready'];
const ofV2 = (protocol: ProtocolName, path: string) => (protocol === 'v2' ? [path] : []);
const metricsPaths = (metricsPath: string) => [
  ...new Set([metricsPath, '/metrics', '/prometheus']),
];

/** What kubelets and Prometheus read, without credentials. */
export const healthPaths = ({ metricsPath, protocol }: HealthRoutesOptions): ReadonlySet<string> =>
  new Set([
    ...[...livePaths, ...ofV2(protocol, '/v2/health/live')],
    ...[...readyPaths, ...ofV2(protocol, '/v2/health/ready')],
    ...metricsPaths(metricsPath),
  ]);

/** Registers the routes. */
export function registerHealthRoutes(
  server: FastifyInstance,
  { metricsPath, protocol }: HealthRoutesOptions,
  deps: HealthRoutesDeps,
): void {
  for (const path of [...livePaths, ...ofV2(protocol, '/v2/health/live')]) {
    server.get(path, (_request, reply) => {
      const reason = deps.hopeless?.();
      return reason === undefined ? { live: true } : reply.code(503).send({ live: false, reason });
    });
  }
  for (const path of [...readyPaths, ...ofV2(protocol, '/v2/health/ready')]) {
    server.get(path, (_request, reply) => {
      const report = deps.readiness();
      return reply.code(report.ready ? 200 : 503).send(report);
    });
  }
  for (const path of metricsPaths(metricsPath)) {
    server.get(path, (request, reply) => sendMetrics(request, reply, deps.metrics.expose));
  }
}
