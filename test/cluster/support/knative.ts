/**
 * Knative Eventing in the test's cluster: its own CRDs, roles, config maps and data plane as they
 * stand in its module; its controllers in one process, with the rights of their service account.
 *
 * What is left out: its webhooks (so a Broker has to name its class and channel itself, and the pods
 * of a Deployment that a SinkBinding binds are replaced by its controller), sources, sinks, and the
 * autoscalers of its data plane.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { knativeDir, readYaml, yamlFilesIn } from '../../support/config-dir.ts';
import type { KubeClient, KubeObject } from '../../support/kube-client.ts';
import { runServer, type ServerProcess } from '../../support/kube-process.ts';
import { applyAll } from './apply.ts';
import type { ClusterPrograms } from './install.ts';
import { until } from './until.ts';

export const knativeNamespace = 'knative-eventing';

export interface KnativeOptions {
  readonly admin: KubeClient;
  readonly programs: ClusterPrograms;
  readonly proxyUrl: string;
  readonly kubeconfigFor: (namespace: string, serviceAccount: string) => Promise<string>;
  readonly logDir: string;
}

/** Folders and files of the module, without its webhooks and what is not used here. */
const parts = [
  'core/100-namespace.yaml',
  'core/200-eventing-serviceaccount.yaml',
  'core/resources',
  'core/configmaps',
  'core/roles',
  'brokers/mt-channel-broker/roles',
  'brokers/mt-channel-broker/deployments/broker-filter.yaml',
  'brokers/mt-channel-broker/deployments/broker-ingress.yaml',
  'channels/in-memory-channel/200-imc-controller-serviceaccount.yaml',
  'channels/in-memory-channel/200-imc-dispatcher-serviceaccount.yaml',
  'channels/in-memory-channel/resources',
  'channels/in-memory-channel/configmaps',
  'channels/in-memory-channel/roles',
  'channels/in-memory-channel/deployments/dispatcher.yaml',
  'channels/in-memory-channel/deployments/dispatcher-service.yaml',
];

/** Behind these Services Knative wants to see addresses, before a Broker is ready. */
const services = ['broker-ingress', 'broker-filter', 'imc-dispatcher'];

/** Installs it, and resolves when its data plane is ready. */
export async function startKnative(options: KnativeOptions): Promise<ServerProcess> {
  const { admin, programs, proxyUrl, kubeconfigFor, logDir } = options;
  const files = parts.flatMap((part) => {
    const path = join(programs.knativeDir, 'config', part);
    return part.endsWith('.yaml') ? [path] : yamlFilesIn(path);
  });
  const manifests = files.flatMap((file) => readYaml<Manifest | null>(file));
  const wanted = manifests.filter((it): it is Manifest => it !== null);
  await applyAll(admin, [...wanted.map(withoutConversion), ...bindings]);
  await declareAddress(admin);
  await applyAll(admin, services.map(endpointsOf));

  const program = 'env';
  const environment = {
    KUBECONFIG: await kubeconfigFor(knativeNamespace, 'eventing-controller'),
    SYSTEM_NAMESPACE: knativeNamespace,
    CONFIG_LOGGING_NAME: 'config-logging',
    CONFIG_OBSERVABILITY_NAME: 'config-observability',
    METRICS_DOMAIN: 'knative.dev/eventing',
    DISPATCHER_IMAGE: 'ko://knative.dev/eventing/cmd/in_memory/channel_dispatcher',
    POD_NAME: 'knative-controllers',
    HTTP_PROXY: proxyUrl,
    PROFILING_PORT: '0',
  };
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const server = await runServer({
    program,
    args: [...variables, programs.pathOf('knative-controllers'), '--disable-ha'],
    logFile: join(logDir, 'knative-controllers.log'),
    isReady: () => Promise.resolve(true),
  });
  for (const name of ['mt-broker-ingress', 'mt-broker-filter', 'imc-dispatcher']) {
    await until(`the Deployment ${name}`, () => available(admin, name));
  }
  return server;
}

/**
 * The step that knative/README.md has before canary.yaml: the Trigger CRD is to keep `ref.address`.
 * Before the controllers run: one that watches Triggers already may go on seeing them without it.
 */
async function declareAddress(admin: KubeClient): Promise<void> {
  const patch = await readFile(join(knativeDir, 'trigger-crd-patch.json'), 'utf8');
  const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const path = `${crds}/triggers.eventing.knative.dev`;
  const { status } = await admin.request('PATCH', path, patch, 'application/json-patch+json');
  if (status !== 200) throw new Error(`the Trigger CRD could not be patched: ${status}`);
}

/**
 * The controllers are one process, which so needs the rights of all of them; that of SinkBindings
 * has the webhooks'.
 */
const bindings: readonly Manifest[] = [
  'imc-controller',
  'knative-eventing-webhook',
  'podspecable-binding',
].map((name) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: `eventing-controller-${name}` },
  subjects: [{ kind: 'ServiceAccount', name: 'eventing-controller', namespace: knativeNamespace }],
  roleRef: { kind: 'ClusterRole', name, apiGroup: 'rbac.authorization.k8s.io' },
}));

/** The API server refuses loopback addresses; nobody connects to these. */
const endpointsOf = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { name, namespace: knativeNamespace },
  subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ name: 'http', port: 8080 }] }],
});

/** A conversion webhook that nobody serves would fail every request of the kind. */
function withoutConversion(manifest: Manifest): Manifest {
  if (manifest.kind !== 'CustomResourceDefinition') return manifest;
  const { conversion: _, ...spec } = manifest['spec'] as Record<string, unknown>;
  return { ...manifest, spec };
}

interface Deployment extends KubeObject {
  readonly status?: { readonly availableReplicas?: number };
}

async function available(admin: KubeClient, name: string): Promise<true | undefined> {
  const path = `/apis/apps/v1/namespaces/${knativeNamespace}/deployments/${name}`;
  const { body } = await admin.request<Deployment>('GET', path);
  return (body.status?.availableReplicas ?? 0) > 0 ? true : undefined;
}
