/** What the container of a graph node gets: what Seldon's model wrappers and MLServer read. */

import { canonical } from './canonical.ts';
import { labelsOf, metricsPath } from './labels.ts';
import { mergeContainer } from './merge-container.ts';
import type { NodePorts } from './node-ports.ts';
import type { PlannedPredictor } from './plan.ts';
import { modelPath, podInfoPath, podInfoVolume } from './pod-paths.ts';
import type { Container, EnvVar, GraphNode, Probe } from './seldon-deployment.ts';

export interface ModelContainerOptions {
  readonly plan: PlannedPredictor;
  readonly node: GraphNode;
  readonly ports: NodePorts;
  /** How long it goes on serving after the pod is told to end. */
  readonly stopDelaySeconds: number;
}

/** Completes the container of a graph node; what it has already stays. */
export function completeModelContainer(
  container: Container,
  options: ModelContainerOptions,
): Container {
  const { ports, plan, stopDelaySeconds } = options;
  const ours: Container = {
    name: container.name,
    env: modelEnv(container, options),
    ports: [
      { name: 'http', containerPort: ports.http },
      { name: 'grpc', containerPort: ports.grpc },
      { name: 'metrics', containerPort: ports.metrics },
    ],
    volumeMounts: [{ name: podInfoVolume, mountPath: podInfoPath }],
    lifecycle: { preStop: stopLater(stopDelaySeconds) },
    ...defaultProbes(container, plan.transport === 'grpc' ? ports.grpc : ports.http),
  };
  return mergeContainer(ours, container);
}

/**
 * SIGTERM reaches all containers of a pod at once, and a model server ends at it while the adapter
 * still drains: the predictions under way would fail. So the model's is put off until after the
 * drain. `exec` rather than Kubernetes' own `sleep`, which clusters before 1.30 do not take.
 */
export const stopLater = (seconds: number): unknown => ({
  exec: { command: ['/bin/sh', '-c', `sleep ${seconds}`] },
});

function modelEnv(container: Container, { plan, node, ports }: ModelContainerOptions): EnvVar[] {
  const { sdep, predictor, transport } = plan;
  const servicePort = transport === 'grpc' ? ports.grpc : ports.http;
  const texts: Readonly<Record<string, string | undefined>> = {
    PREDICTIVE_UNIT_ID: container.name,
    PREDICTIVE_UNIT_IMAGE: container.image,
    PREDICTIVE_UNIT_SERVICE_PORT: String(servicePort),
    PREDICTIVE_UNIT_HTTP_SERVICE_PORT: String(ports.http),
    PREDICTIVE_UNIT_GRPC_SERVICE_PORT: String(ports.grpc),
    PREDICTIVE_UNIT_METRICS_SERVICE_PORT: String(ports.metrics),
    PREDICTIVE_UNIT_METRICS_ENDPOINT: metricsPath,
    PREDICTIVE_UNIT_PARAMETERS: node.parameters && parametersText(node.parameters),
    PREDICTOR_ID: predictor.name,
    PREDICTOR_LABELS: JSON.stringify(canonical(labelsOf(predictor))),
    SELDON_DEPLOYMENT_ID: sdep.metadata.name,
    SELDON_EXECUTOR_ENABLED: 'true',
    MLSERVER_HTTP_PORT: String(ports.http),
    MLSERVER_GRPC_PORT: String(ports.grpc),
    MLSERVER_MODEL_NAME: container.name,
    // An empty one is none.
    MLSERVER_MODEL_URI: node.modelUri ? modelPath : undefined,
  };
  return Object.entries(texts).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value }],
  );
}

type Parameters = NonNullable<GraphNode['parameters']>;

/** The parameters of a node as its wrapper reads them. */
export const parametersText = (parameters: Parameters): string =>
  JSON.stringify(parameters.map(({ name, value, type }) => ({ name, value, type })));

const everySeconds = 5;
/** Half an hour for a large model to load; killing it earlier would only start over. */
const startupFailures = 360;

/** Whether the port is open, where the user asks for nothing else. */
function defaultProbes(container: Container, port: number): Partial<Container> {
  const open: Probe = { tcpSocket: { port }, periodSeconds: everySeconds, timeoutSeconds: 1 };
  const lives = {
    livenessProbe: open,
    startupProbe: { ...open, failureThreshold: startupFailures },
  };
  return {
    readinessProbe: open,
    ...(container.livenessProbe === undefined && container.startupProbe === undefined ? lives : {}),
  };
}
