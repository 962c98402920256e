/** The controller's own routes: liveness, readiness, metrics. */

import { type FastifyInstance, fastify } from 'fastify';
import { closeConnectionsWhenIdle } from './close-connections.ts';
import { type ExposeMetrics, sendMetrics } from './send-metrics.ts';
import type { KeyPair } from './server-certificate.ts';

/** Whether a part works, and what each has to say. */
export interface PartsReport {
  readonly ok: boolean;
  readonly parts: Readonly<Record<string, string>>;
}

export interface ControllerServerDeps {
  /** Whether its loops make progress: a restart would help where they do not. */
  readonly live: () => PartsReport;
  /** Whether its caches are filled. */
  readonly ready: () => PartsReport;
  readonly metrics: { readonly expose: ExposeMetrics };
}

/** Requests to these routes have no bodies. */
const maxBodyBytes = 1_024;
const requestTimeoutMs = 10_000;

/**
 * Makes a server that is not listening yet.
 * @param keyPair with it the server speaks HTTPS
 */
export function createControllerServer(
  metricsPath: string,
  keyPair: KeyPair | undefined,
  deps: ControllerServerDeps,
): FastifyInstance {
  const options = {
    bodyLimit: maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    return503OnClosing: false,
  };
  const server: FastifyInstance =
    keyPair === undefined ? fastify(options) : fastify({ ...options, https: { ...keyPair } });
  closeConnectionsWhenIdle(server);
  const report = (path: string, read: () => PartsReport) =>
    server.get(path, (_request, reply) => {
      const { ok, parts } = read();
      return reply.code(ok ? 200 : 503).send({ ok, parts });
    });
  report('/livez', deps.live);
  report('/readyz', deps.ready);
  server.get(metricsPath, (request, reply) => sendMetrics(request, reply, deps.metrics.expose));
  return server;
}
