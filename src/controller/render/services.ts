/** The Services of a predictor: its own, and those of graph nodes in other pods than the adapter's. */

import { portOf } from './adapter-container.ts';
import { ownLabels, podSelector, type TextMap, typeLabelsOf } from './labels.ts';
import type { Manifest } from './manifest.ts';
import { nodeService } from './names.ts';
import { ownedMetadata } from './owner.ts';
import type { PlannedComponent, PlannedPredictor } from './plan.ts';
import type { EnvVar } from './seldon-deployment.ts';
import { servesTls } from './server-tls.ts';

/** @param env the variables of the predictor's adapter */
export function createServices(plan: PlannedPredictor, env: readonly EnvVar[]): Manifest[] {
  return [
    predictorService(plan, env),
    ...plan.components
      .filter(({ hasAdapter }) => !hasAdapter)
      .flatMap((component) => nodeServices(plan, component)),
  ];
}

/**
 * The ports of a predictor's Service, and what they lead to. Without an address of its own it leads
 * nowhere but to the pods as they are, so its ports are theirs.
 */
export function servicePorts({ sdep, settings }: PlannedPredictor, env: readonly EnvVar[]) {
  const isHeadless = (sdep.spec.annotations?.['seldon.io/headless-svc'] ?? 'false') !== 'false';
  const targets = {
    http: portOf(env, 'HTTP_PORT', settings.httpPort),
    grpc: portOf(env, 'GRPC_PORT', settings.grpcPort),
  };
  const own = { http: settings.httpPort, grpc: settings.grpcPort };
  return { isHeadless, targets, ports: isHeadless ? targets : own };
}

function predictorService(plan: PlannedPredictor, env: readonly EnvVar[]): Manifest {
  const { sdep, predictor, service } = plan;
  const { isHeadless, ports, targets } = servicePorts(plan, env);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(sdep, service, {
      labels: { 'seldon-app': service },
      annotations: predictor.annotations ?? {},
    }),
    spec: {
      type: 'ClusterIP',
      ...(isHeadless ? { clusterIP: 'None' } : {}),
      selector: { 'seldon-app': service, ...identity(plan) },
      ports: [
        // A mesh goes by the name, unless it is told otherwise.
        { ...servicePort('http', ports.http, targets.http), ...protocolOf(env) },
        servicePort('grpc', ports.grpc, targets.grpc),
      ],
    },
  };
}

const identity = ({ sdep }: PlannedPredictor): TextMap => ({
  'seldon-deployment-id': ownLabels(sdep)['seldon-deployment-id'] ?? '',
});

function nodeServices(plan: PlannedPredictor, component: PlannedComponent): Manifest[] {
  const { sdep, predictor } = plan;
  return component.containers.flatMap(({ node: planned }) => {
    if (planned === undefined) return [];
    const { node, ports } = planned;
    const name = nodeService(sdep, predictor, node.name);
    return [
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: ownedMetadata(sdep, name, {
          labels: { 'seldon-app-svc': name, ...typeLabelsOf(predictor, [node.name]) },
          annotations: predictor.annotations ?? {},
        }),
        spec: {
          type: 'ClusterIP',
          selector: podSelector(sdep, component.deployment),
          ports: [
            servicePort('http', ports.http, ports.http),
            // A server may have both on one port, which a Service takes once.
            ...(ports.grpc === ports.http ? [] : [servicePort('grpc', ports.grpc, ports.grpc)]),
          ],
        },
      },
    ];
  });
}

const protocolOf = (env: readonly EnvVar[]) => (servesTls(env) ? { appProtocol: 'https' } : {});

const servicePort = (name: string, port: number, targetPort: number) => ({
  name,
  port,
  protocol: 'TCP',
  targetPort,
});
