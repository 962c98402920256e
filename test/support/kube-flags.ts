/** What the Kubernetes servers are started with. */

import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';

export type Flags = Readonly<Record<string, string | number | boolean>>;

export const argsOf = (flags: Flags): readonly string[] =>
  Object.entries(flags).map(([name, value]) => `--${name}=${value}`);

export function etcdFlags(dir: string, url: string): Flags {
  // It talks to no peer, but wants to listen for one.
  const peerUrl = 'http://127.0.0.1:0';
  return {
    'data-dir': join(dir, 'etcd'),
    'listen-client-urls': url,
    'advertise-client-urls': url,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': `default=${peerUrl}`,
    // A power cut may lose a test's data; waiting for the disk would only slow every write.
    'unsafe-no-fsync': true,
    'log-level': 'warn',
  };
}

export interface ApiServerAddress {
  readonly dir: string;
  readonly port: number;
  readonly etcdUrl: string;
}

/** Expects `tokens.csv`, `service-accounts.pem` and what {@link frontProxy} names in the folder. */
export function apiServerFlags({ dir, port, etcdUrl }: ApiServerAddress): Flags {
  const serviceAccounts = join(dir, 'service-accounts.pem');
  return {
    'etcd-servers': etcdUrl,
    'bind-address': '127.0.0.1',
    'advertise-address': '127.0.0.1',
    'secure-port': port,
    // It makes apiserver.crt (its certificate, then the CA) and apiserver.key here, once.
    'cert-dir': certificatesDir(dir),
    'token-auth-file': join(dir, 'tokens.csv'),
    'authorization-mode': 'RBAC',
    // Where its own discovery is found too; in a cluster that is https://kubernetes.default.svc.
    'service-account-issuer': `https://127.0.0.1:${port}`,
    'service-account-key-file': serviceAccounts,
    'service-account-signing-key-file': serviceAccounts,
    // Would refuse every pod of a namespace whose default account nobody has made.
    'disable-admission-plugins': 'ServiceAccount',
    'service-cluster-ip-range': '10.0.0.0/16',
    // By which servers of aggregated APIs know that it is the API server who asks.
    'requestheader-client-ca-file': join(dir, frontProxy.authority),
    'requestheader-username-headers': 'X-Remote-User',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'proxy-client-cert-file': join(dir, frontProxy.certificate),
    'proxy-client-key-file': join(dir, frontProxy.key),
    // Nobody reaches it as the Service `kubernetes`, and a loopback address is refused there.
    'endpoint-reconciler-type': 'none',
    'allow-privileged': true,
  };
}

/** Its client certificate for aggregated APIs, and who signed that. */
export const frontProxy = {
  authority: 'front-proxy-ca.crt',
  certificate: 'front-proxy-client.crt',
  key: 'front-proxy-client.key',
} as const;

export const certificatesDir = (dir: string): string => join(dir, 'certificates');

/** Those that need neither nodes nor running pods. */
const controllers = [
  'garbage-collector-controller',
  'clusterrole-aggregation-controller',
  'namespace-controller',
  'serviceaccount-controller',
  'deployment-controller',
  'replicaset-controller',
  'horizontal-pod-autoscaler-controller',
  'disruption-controller',
];

/** @param more controllers, beside those that every test has */
export function controllerManagerFlags(
  dir: string,
  kubeconfig: string,
  port: number,
  more: readonly string[],
): Flags {
  return {
    kubeconfig,
    controllers: [...controllers, ...more].join(','),
    'bind-address': '127.0.0.1',
    'secure-port': port,
    'cert-dir': join(dir, 'controller-manager'),
    'leader-elect': false,
    // A third of the default: a test waits for it.
    'horizontal-pod-autoscaler-sync-period': '5s',
    // With the default of 20 a second it would be what a test of a thousand objects waits for.
    'kube-api-qps': 200,
    'kube-api-burst': 400,
  };
}

/** Signs and verifies the tokens of service accounts. */
export function serviceAccountKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'sec1', format: 'pem' }).toString();
}
