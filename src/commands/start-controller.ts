/**
 * Wires the controller: client, leader election, Events, metrics and the routes of the probes; and
 * takes it apart: work stopped, leadership given back, then everything closed.
 */

import { randomUUID } from 'node:crypto';
import { Server as TlsServer } from 'node:tls';
import type { ControllerConfig } from '../config/controller.ts';
import { type Controller, createController } from '../controller/controller.ts';
import type { RenderSettings } from '../controller/render/rendered.ts';
import type { Log } from '../delivery/ports.ts';
import { createControllerServer } from '../http/controller-server.ts';
import { createServerCertificate, type ServerCertificate } from '../http/server-certificate.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { createEventRecorder } from '../kubernetes/events.ts';
import { createLeaderElection, type LeaderElection } from '../kubernetes/leader-election.ts';
import {
  type ControllerMetrics,
  createControllerMetrics,
} from '../observability/controller-metrics.ts';
import { now, schedule, wallClock } from './clock.ts';
import { leaseName } from './lease-name.ts';

export interface RunningController {
  /** Where the probes' routes are. */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const component = 'seldon-eventing.io/controller';

/**
 * Starts everything; resolves when HTTP listens. The caches fill and leadership comes by itself.
 * @param client closed at the end
 */
export async function startController(
  config: ControllerConfig,
  rendering: RenderSettings,
  client: KubernetesClient,
  log: Log,
): Promise<RunningController> {
  const metrics = createControllerMetrics();
  const instance = config.podName ?? 'seldon-eventing';
  const recorder = createEventRecorder(
    { component, instance },
    { client, schedule, now, wallClock, log },
  );
  const controller = createController(
    {
      mode: config.mode,
      namespaces: config.namespaces,
      workers: config.workers,
      resyncMs: config.resyncMs,
      certificateCheckMs: config.certificateCheckMs,
      rendering,
    },
    {
      client,
      election: electionOf(config, instance, client, metrics, log),
      recorder,
      schedule,
      now,
      random: Math.random,
      wallClock,
      log,
      meters: metrics,
    },
  );
  metrics.watch('leader', 'Whether this replica leads', () => Number(controller.isLeader()));
  metrics.watch('queue_depth', 'SeldonDeployments waiting to be reconciled', controller.depth);
  metrics.watchCount('events_dropped_total', 'Events given up', recorder.dropped);
  const certificate = certificateOf(config, log);
  const server = probes(config.metricsPath, certificate, controller, metrics);
  controller.start();
  const url = await server.listen({ host: config.httpHost, port: config.httpPort });
  if (server.server instanceof TlsServer) certificate?.follow(server.server);
  log.info({ url, mode: config.mode, namespaces: config.namespaces ?? 'all' }, 'listening');

  const stop = async (): Promise<void> => {
    log.info({}, 'stopping');
    await controller.close();
    certificate?.close();
    await server.close();
    await client.close();
    log.info({}, 'stopped');
  };
  let stopped: Promise<void> | undefined;
  return {
    url,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

function electionOf(
  config: ControllerConfig,
  instance: string,
  client: KubernetesClient,
  metrics: ControllerMetrics,
  log: Log,
): LeaderElection | undefined {
  if (config.leaderElection === 'off') return undefined;
  return createLeaderElection(
    {
      namespace: config.leaseNamespace,
      name: leaseName,
      // A pod's name stays when its container restarts.
      identity: `${instance}_${randomUUID()}`,
      leaseMs: config.leaseDurationMs,
      renewDeadlineMs: config.leaseRenewDeadlineMs,
      retryMs: config.leaseRetryMs,
    },
    {
      client,
      clock: { now, wallClock },
      schedule,
      random: Math.random,
      log,
      count: metrics.leadership,
    },
  );
}

function certificateOf(
  { tlsCertFile, tlsKeyFile }: ControllerConfig,
  log: Log,
): ServerCertificate | undefined {
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return undefined;
  const files = { certFile: tlsCertFile, keyFile: tlsKeyFile };
  return createServerCertificate(files, { schedule, log });
}

function probes(
  metricsPath: string,
  certificate: ServerCertificate | undefined,
  controller: Controller,
  metrics: ControllerMetrics,
) {
  return createControllerServer(metricsPath, certificate?.pair, {
    live: () => {
      const stuck = controller.stuck();
      return { ok: stuck === undefined, parts: { loops: stuck ?? 'at work' } };
    },
    ready: () => ({ ok: controller.synced(), parts: controller.parts() }),
    metrics,
  });
}
