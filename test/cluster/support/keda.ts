/**
 * KEDA's operator and metrics adapter in the test's cluster: CRDs and roles as they stand in its
 * module, both programs with the rights of their service account. Its webhooks are left out.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { findFreePort } from '../../../src/demo/free-port.ts';
import { createAuthority } from '../../support/certificates.ts';
import type { KubeClient } from '../../support/kube-client.ts';
import { answers, runServer, type ServerProcess } from '../../support/kube-process.ts';
import { kustomizeBuild } from '../../support/kustomize.ts';
import { applyAll } from './apply.ts';
import type { ClusterPrograms } from './install.ts';
import { until } from './until.ts';

export const kedaNamespace = 'keda';

export interface KedaOptions {
  readonly admin: KubeClient;
  readonly programs: ClusterPrograms;
  readonly kubeconfigFor: (namespace: string, serviceAccount: string) => Promise<string>;
  readonly dir: string;
  readonly logDir: string;
}

/** What runs as a process here, or is reached in another way. */
const leftOut = new Set(['Deployment', 'Service', 'APIService', 'ValidatingWebhookConfiguration']);

/** Installs it, and resolves when its metrics are served by the API server. */
export async function startKeda(options: KedaOptions): Promise<readonly ServerProcess[]> {
  const { admin, programs, kubeconfigFor, dir, logDir } = options;
  const manifests = await kustomizeBuild(join(programs.kedaDir, 'config/default'));
  await applyAll(
    admin,
    manifests.filter(({ kind }) => !leftOut.has(kind)),
  );
  const certDir = await writeCertificates(dir);
  const kubeconfig = await kubeconfigFor(kedaNamespace, 'keda-operator');
  const [probes, grpc, metrics] = [
    await findFreePort(),
    await findFreePort(),
    await findFreePort(),
  ];
  const environment = [
    `KUBECONFIG=${kubeconfig}`,
    `POD_NAMESPACE=${kedaNamespace}`,
    `KEDA_CLUSTER_OBJECT_NAMESPACE=${kedaNamespace}`,
    'POD_NAME=keda-operator',
    'WATCH_NAMESPACE=',
  ];
  const operator = await runServer({
    program: 'env',
    args: [
      ...environment,
      programs.pathOf('keda-operator'),
      '--zap-log-level=info',
      `--metrics-bind-address=127.0.0.1:${await findFreePort()}`,
      `--health-probe-bind-address=127.0.0.1:${probes}`,
      `--metrics-service-bind-address=127.0.0.1:${grpc}`,
      '--enable-cert-rotation=false',
      `--cert-dir=${certDir}`,
    ],
    logFile: join(logDir, 'keda-operator.log'),
    isReady: () => answers(`http://127.0.0.1:${probes}/readyz`),
  });
  const adapter = await runServer({
    program: 'env',
    args: [
      ...environment,
      programs.pathOf('keda-adapter'),
      '--bind-address=127.0.0.1',
      `--secure-port=${metrics}`,
      '--port=0',
      `--metrics-service-address=localhost:${grpc}`,
      `--client-ca-file=${join(certDir, 'ca.crt')}`,
      `--tls-cert-file=${join(certDir, 'tls.crt')}`,
      `--tls-private-key-file=${join(certDir, 'tls.key')}`,
      `--cert-dir=${certDir}`,
      `--lister-kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
    ],
    logFile: join(logDir, 'keda-adapter.log'),
    isReady: () => answers(`https://127.0.0.1:${metrics}/readyz`),
  });
  await applyAll(admin, metricsApi(metrics));
  await until("KEDA's metrics", async () => {
    const { status } = await admin.request('GET', '/apis/external.metrics.k8s.io/v1beta1');
    return status === 200 ? true : undefined;
  });
  return [operator, adapter];
}

/** The API server reaches the adapter as the Service's external name says. */
const metricsApi = (port: number): readonly Manifest[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'keda-metrics-apiserver', namespace: kedaNamespace },
    spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] },
  },
  {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1beta1.external.metrics.k8s.io' },
    spec: {
      service: { name: 'keda-metrics-apiserver', namespace: kedaNamespace, port },
      group: 'external.metrics.k8s.io',
      version: 'v1beta1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      insecureSkipTLSVerify: true,
    },
  },
];

/** Operator and adapter show each other the same one. @returns the folder */
async function writeCertificates(dir: string): Promise<string> {
  const certDir = join(dir, 'keda-certificates');
  await mkdir(certDir);
  const authority = createAuthority('keda');
  const { certPem, keyPem } = authority.issue({
    name: 'keda-operator',
    hosts: ['localhost', '127.0.0.1'],
  });
  await writeFile(join(certDir, 'ca.crt'), authority.certPem);
  await writeFile(join(certDir, 'tls.crt'), certPem);
  await writeFile(join(certDir, 'tls.key'), keyPem);
  return certDir;
}
