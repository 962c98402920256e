/** An API server for the controller's benchmark, and what is seen on it. */

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { createKubernetesClient, type KubernetesClient } from '../src/kubernetes/client.ts';
import type { KubeObject } from '../src/kubernetes/kube-object.ts';
import { type KubeCluster, startKubeCluster } from '../test/support/kube-cluster.ts';
import { installKube, kubeCacheDir } from '../test/support/kube-install.ts';
import { say } from './report.ts';

export interface BenchCluster {
  readonly kubeconfig: string;
  readonly client: KubernetesClient;
  readonly cluster: KubeCluster;
  readonly close: () => Promise<void>;
}

const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/** Starts etcd and kube-apiserver, with our CRD. Nothing runs Deployments there. */
export async function startBenchCluster(): Promise<BenchCluster> {
  const programs = await installKube({
    assetsDir: process.env['KUBEBUILDER_ASSETS'],
    cacheDir: kubeCacheDir(process.env['XDG_CACHE_HOME']),
    say,
  });
  const cluster = await startKubeCluster({ programs });
  const client = createKubernetesClient(
    { kubeconfigPath: cluster.kubeconfig },
    {
      schedule: (delayMs, action) => {
        const timer = setTimeout(action, delayMs);
        return () => clearTimeout(timer);
      },
      now: () => performance.now(),
      log,
    },
  );
  const crd: KubeObject = parse(readFileSync('config/crd/seldondeployments.yaml', 'utf8'));
  await client.apply(crd, { fieldManager: 'bench', force: true });
  while ((await client.discover(sdepKind.apiVersion, sdepKind.kind)) === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const close = async () => {
    await client.close();
    await cluster.close();
  };
  return { kubeconfig: cluster.kubeconfig, client, cluster, close };
}

const sdepKind = { apiVersion: 'machinelearning.seldon.io/v1', kind: 'SeldonDeployment' } as const;

/** A model of one container. */
export const sdep = (name: string, image = 'model:1'): KubeObject => ({
  ...sdepKind,
  metadata: { name, namespace: 'default' },
  spec: {
    predictors: [
      {
        name: 'main',
        graph: { name: 'model', type: 'MODEL' },
        componentSpecs: [{ spec: { containers: [{ name: 'model', image }] } }],
      },
    ],
  },
});

/** When each SeldonDeployment was first seen with an address, and with everything applied, by name. */
export interface Sightings {
  readonly addressed: ReadonlyMap<string, number>;
  readonly applied: ReadonlyMap<string, number>;
  readonly close: () => void;
}

/** Watches, on the `performance.now` clock. */
export async function watchStatus(client: KubernetesClient): Promise<Sightings> {
  const resource = await client.discover(sdepKind.apiVersion, sdepKind.kind);
  if (resource === undefined) throw new Error('there is no SeldonDeployment kind');
  const addressed = new Map<string, number>();
  const applied = new Map<string, number>();
  const see = (object: KubeObject): void => {
    const status = JSON.stringify(object['status'] ?? {});
    const { name } = object.metadata;
    const at = performance.now();
    if (status.includes('"address"') && !addressed.has(name)) addressed.set(name, at);
    if (status.includes('"reason":"Applied"') && !applied.has(name)) applied.set(name, at);
  };
  const controller = new AbortController();
  const { resourceVersion } = await client.list(resource, { limit: 1 });
  const run = async (): Promise<void> => {
    while (!controller.signal.aborted) {
      await client
        .watch(
          resource,
          { resourceVersion },
          (event) => {
            if ('object' in event) see(event.object);
          },
          controller.signal,
        )
        .catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  void run();
  return { addressed, applied, close: () => controller.abort() };
}
