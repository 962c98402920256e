/**
 * The whole cluster: etcd, kube-apiserver, kube-controller-manager, Knative Eventing, KEDA, a Kafka
 * broker, and our controller as `config/` installs it. Pods run as processes (pod-runner.ts).
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startKafkaBroker } from '../../../src/demo/kafka-broker.ts';
import { kafkaCacheDir } from '../../../src/demo/kafka-install.ts';
import { configDir, foreignCrds } from '../../support/config-dir.ts';
import { createKubeClient, type KubeClient } from '../../support/kube-client.ts';
import { startKubeCluster } from '../../support/kube-cluster.ts';
import { clusterOf, writeKubeconfig } from '../../support/kube-config.ts';
import { installKube, kubeCacheDir } from '../../support/kube-install.ts';
import { kustomizeBuild } from '../../support/kustomize.ts';
import { applyAll } from './apply.ts';
import { startClusterNames } from './cluster-names.ts';
import { imagesOf } from './images.ts';
import { installClusterPrograms } from './install.ts';
import { startKeda } from './keda.ts';
import { startKnative } from './knative.ts';
import { startPodRunner } from './pod-runner.ts';
import { until } from './until.ts';

/** What a test needs to know; plain data, since tests run in processes of their own. */
export interface ClusterAccess {
  /** The administrator's. */
  readonly kubeconfig: string;
  /** Finds the cluster's names (HTTP_PROXY). */
  readonly proxyUrl: string;
  readonly brokers: string[];
  /** `<namespace>_<pod>_<container>.log`. */
  readonly podLogs: string;
  /** Where a run leaves what is to be looked at. */
  readonly artefacts: string;
}

export interface Cluster {
  readonly access: ClusterAccess;
  readonly close: () => Promise<void>;
}

const artefacts = fileURLToPath(new URL('../../../test-artefacts/cluster', import.meta.url));

/**
 * Builds what is not built yet, starts everything, and resolves when all of it is ready.
 *
 * @throws ProgramMissingError where Go, Java or Maven are needed and not there
 */
export async function startCluster(say: (line: string) => void): Promise<Cluster> {
  const { KUBEBUILDER_ASSETS: assetsDir, XDG_CACHE_HOME: cacheHome } = process.env;
  const kubePrograms = await installKube({ assetsDir, cacheDir: kubeCacheDir(cacheHome), say });
  const programs = await installClusterPrograms(say, cacheHome);
  // Each program that runs has a listener, by which it ends with this process.
  process.setMaxListeners(200);
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.reverse()) await closer();
  };
  try {
    const dir = await mkdtemp(join(tmpdir(), 'seldon-eventing-cluster-'));
    closers.push(() => rm(dir, { recursive: true, force: true }));
    const logDir = join(artefacts, 'logs');
    await rm(artefacts, { recursive: true, force: true });

    const kafka = await startKafkaBroker({ say, cacheDir: kafkaCacheDir(cacheHome) });
    closers.push(() => kafka.close());
    const kube = await startKubeCluster({ programs: kubePrograms });
    closers.push(() => kube.close());
    const admin = await createKubeClient(kube.kubeconfig);
    closers.push(() => Promise.resolve(admin.close()));
    // Knative's RequestReply is a StatefulSet.
    await kube.startControllerManager(['statefulset-controller']);
    say('Kafka and Kubernetes run');

    const kubeconfigFor = async (namespace: string, serviceAccount: string): Promise<string> => {
      const file = join(dir, `${namespace}-${serviceAccount}.kubeconfig`);
      const token = await tokenFor(admin, namespace, serviceAccount);
      await writeKubeconfig(file, clusterOf(kube.kubeconfig), token);
      return file;
    };
    const names = await startClusterNames(admin);
    closers.push(() => names.close());
    const podLogs = join(logDir, 'pods');
    const images = imagesOf(programs, names.url);
    const pods = await startPodRunner({ admin, images, kubeconfigFor, logDir: podLogs, say });
    closers.push(() => pods.close());

    await applyAll(admin, gatewayCrd);
    const parts = { admin, programs, kubeconfigFor, dir, logDir };
    const keda = await startKeda(parts);
    closers.push(() => Promise.all(keda.map((server) => server.kill())));
    say('KEDA runs');
    const knative = await startKnative({ ...parts, proxyUrl: names.url });
    closers.push(() => knative.kill());
    say('Knative Eventing runs');
    await applyAll(admin, await kustomizeBuild(configDir));
    await until('our controller', () => controllerReady(admin));
    say('our controller runs, as config/ installs it');
    const { brokers } = kafka;
    const { kubeconfig } = kube;
    const access = { kubeconfig, proxyUrl: names.url, brokers, podLogs, artefacts };
    return { access, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The one kind of an ingress that our manifests have. */
const gatewayCrd = foreignCrds
  .filter(({ name }) => name === 'gateway-api.yaml')
  .map(({ manifest }) => manifest);

interface TokenRequest {
  readonly status?: { readonly token?: string };
}

async function tokenFor(admin: KubeClient, namespace: string, account: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' };
  return until(`a token of ${namespace}/${account}`, async () => {
    const spec = { expirationSeconds: 14_400 };
    const { body } = await admin.request<TokenRequest>('POST', path, { ...request, spec });
    return body.status?.token;
  });
}

interface Deployment {
  readonly status?: { readonly availableReplicas?: number };
}

async function controllerReady(admin: KubeClient): Promise<true | undefined> {
  const path = '/apis/apps/v1/namespaces/seldon-eventing-system/deployments';
  const { body } = await admin.request<Deployment>('GET', `${path}/seldon-eventing-controller`);
  return (body.status?.availableReplicas ?? 0) > 0 ? true : undefined;
}
