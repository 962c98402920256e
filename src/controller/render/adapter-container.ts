/** The adapter as a container: `seldon-container-engine`, where Seldon's executor stood. */

import { adapterEnv } from './adapter-env.ts';
import { mergeContainer } from './merge-container.ts';
import { adapterContainer } from './names.ts';
import type { PlannedPredictor } from './plan.ts';
import { podInfoPath, podInfoVolume } from './pod-paths.ts';
import type { Container, EnvVar, Probe } from './seldon-deployment.ts';
import { servesTls } from './server-tls.ts';

/**
 * Resources where `svcOrchSpec` says nothing. The image's heap is bound to 384 MiB, the limit leaves
 * room beside it; there is none for the processor, since throttling would only add latency. The
 * requests also let an HPA on utilisation work, which needs them of every container.
 */
const defaultResources = {
  requests: { cpu: '100m', memory: '128Mi' },
  limits: { memory: '512Mi' },
};

/** The least that a pod of the `restricted` security standard may have; the image needs no more. */
const securityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

/**
 * Makes the adapter's container.
 * @param images what each container of the predictor runs
 * @param given the user's own container of the same name, which counts where it says something
 */
export function createAdapterContainer(
  plan: PlannedPredictor,
  images: ReadonlyMap<string, string>,
  given: Container = { name: adapterContainer },
): Container {
  const { predictor, settings } = plan;
  const env = adapterEnv(plan, images);
  const port = portOf(env, 'HTTP_PORT', settings.httpPort);
  const scheme = servesTls(env) ? { scheme: 'HTTPS' } : {};
  const probe = (path: string, timing: Probe): Probe => ({
    httpGet: { path, port, ...scheme },
    ...timing,
  });
  const ours: Container = {
    name: adapterContainer,
    image: settings.adapterImage,
    args: ['adapter'],
    env,
    ports: [
      // Seldon's PodMonitor, and the Prometheus rules of its users, go by this name. Server-side
      // apply takes no second entry for one port, so it is not named `http` as well.
      { name: 'metrics', containerPort: port },
      ...(plan.transport === 'grpc'
        ? [{ name: 'grpc', containerPort: portOf(env, 'GRPC_PORT', settings.grpcPort) }]
        : []),
    ],
    // Timeouts may stand in annotations.
    volumeMounts: [{ name: podInfoVolume, mountPath: podInfoPath }],
    resources: predictor.svcOrchSpec?.resources ?? predictor.engineResources ?? defaultResources,
    securityContext,
    // It listens within a second or two; a minute is for a node that starts many pods at once.
    startupProbe: probe('/livez', { periodSeconds: 1, failureThreshold: 60, timeoutSeconds: 3 }),
    readinessProbe: probe('/readyz', { periodSeconds: 5, failureThreshold: 2, timeoutSeconds: 3 }),
    livenessProbe: probe('/livez', { periodSeconds: 10, failureThreshold: 3, timeoutSeconds: 5 }),
  };
  return mergeContainer(ours, given);
}

/** A port as the adapter will read it; ours where it cannot be known here. */
export function portOf(env: readonly EnvVar[], name: string, fallback: number): number {
  const written = env.find((variable) => variable.name === name)?.value ?? '';
  const port = /^\d{1,5}$/.test(written) ? Number(written) : 0;
  return port >= 1 && port <= 65_535 ? port : fallback;
}
