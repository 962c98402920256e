/** Finds and reads the configuration, whichever way the process was given one. */

import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { parseDocument } from 'yaml';
import { KubernetesApiError } from './api-error.ts';

export interface KubeconfigChoice {
  /** One file, or several as `KUBECONFIG` lists them. */
  readonly kubeconfigPath?: string | undefined;
  /** The kubeconfig itself, instead of a file. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** Where Kubernetes mounts a pod's own credentials. */
const tokenFile = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * Given text, else given files, else the pod's service account, else `~/.kube/config`.
 * @throws KubernetesApiError ConfigurationInvalid; its message quotes nothing of the file
 */
export function loadKubeconfig(choice: KubeconfigChoice): KubeConfig {
  const config = read(choice);
  if (choice.context !== undefined) config.setCurrentContext(choice.context);
  const context = config.getContextObject(config.getCurrentContext());
  if (context === null) {
    const known = config.getContexts().map(({ name }) => name);
    throw invalid(
      `the kubeconfig has no context "${config.getCurrentContext() ?? ''}"`,
      known.length === 0 ? 'add one' : `choose one of ${known.join(', ')}`,
    );
  }
  const cluster = config.getCluster(context.cluster);
  if (cluster === null) {
    throw invalid(
      `context "${context.name}" names the cluster "${context.cluster}", which the kubeconfig does not have`,
      'correct the name, or add the cluster',
    );
  }
  if (!URL.canParse(cluster.server) || !/^https?:/.test(cluster.server)) {
    throw invalid(
      `the server of cluster "${cluster.name}" is not an http or https address`,
      'correct clusters[].cluster.server',
    );
  }
  return allowPlainHttp(config);
}

function read(choice: KubeconfigChoice): KubeConfig {
  if (choice.kubeconfig !== undefined) return fromText(choice.kubeconfig, 'the kubeconfig', '.');
  if (choice.kubeconfigPath !== undefined) return fromFiles(choice.kubeconfigPath);
  if (existsSync(tokenFile)) return inCluster();
  const path = join(homedir(), '.kube', 'config');
  if (existsSync(path)) return fromFiles(path);
  throw invalid(
    'there is no kubeconfig, and no service account is mounted',
    'name a file with KUBECONFIG, or run in a pod with automountServiceAccountToken',
  );
}

function inCluster(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromCluster();
  if (!URL.canParse(config.clusters[0]?.server ?? '')) {
    throw invalid(
      'a service account is mounted, but KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT do not name an API server',
      'set both, or KUBECONFIG',
    );
  }
  return config;
}

/** As kubectl merges: of two entries with one name the first counts; missing files are passed over. */
function fromFiles(paths: string): KubeConfig {
  const named = paths.split(delimiter).filter((path) => path !== '');
  const files = named.length > 1 ? named.filter(existsSync) : named;
  const [first, ...others] = files.map((path) => fromText(textOf(path), path, dirname(path)));
  if (first === undefined) {
    throw invalid(
      `none of ${named.join(', ') || 'the kubeconfig files'} exists`,
      'correct KUBECONFIG',
    );
  }
  for (const other of others) {
    first.clusters = [...first.clusters, ...unknownTo(first.clusters, other.clusters)];
    first.users = [...first.users, ...unknownTo(first.users, other.users)];
    first.contexts = [...first.contexts, ...unknownTo(first.contexts, other.contexts)];
    if (!first.currentContext) first.currentContext = other.currentContext;
  }
  return first;
}

const unknownTo = <Named extends { readonly name: string }>(
  known: readonly Named[],
  more: readonly Named[],
): Named[] => more.filter(({ name }) => known.every((entry) => entry.name !== name));

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw invalid(`the kubeconfig ${path} cannot be read (${code})`, 'correct KUBECONFIG');
  }
}

/** The library's own reader quotes the text, secrets and all, where it is malformed. */
function fromText(text: string, where: string, folder: string): KubeConfig {
  const document = parseDocument(text, { prettyErrors: true, logLevel: 'silent' });
  const [error] = document.errors;
  if (error !== undefined) {
    const line = error.linePos?.[0].line;
    throw invalid(
      `${where} is not valid YAML${line === undefined ? '' : ` (line ${line})`}`,
      'correct it',
    );
  }
  const value: unknown = document.toJS();
  const config = new KubeConfig();
  try {
    config.loadFromString(JSON.stringify(withTokenFiles(value, folder)));
    config.makePathsAbsolute(resolve(folder));
  } catch (fault) {
    // Its messages name entries by their index: `clusters[0].cluster.server is missing`.
    const reason = fault instanceof Error && / is missing$/.test(fault.message);
    throw invalid(
      `${where} is not a kubeconfig${reason ? `: ${fault.message}` : ''}`,
      'give a file as "kubectl config view --raw" prints it',
    );
  }
  return config;
}

/** `tokenFile` as kubectl reads it: again and again, since such tokens are rotated. */
function withTokenFiles(value: unknown, folder: string): unknown {
  if (typeof value !== 'object' || value === null) throw new Error('not an object');
  const { users } = value as { readonly users?: unknown };
  if (!Array.isArray(users)) return value;
  return {
    ...value,
    users: users.map((entry: { readonly user?: { readonly tokenFile?: unknown } } | null) => {
      const path = entry?.user?.tokenFile;
      if (typeof path !== 'string' || path === '') return entry;
      const config = { tokenFile: resolve(folder, path) };
      return { ...entry, user: { ...entry?.user, 'auth-provider': { name: 'tokenFile', config } } };
    }),
  };
}

/** The library takes plain HTTP (`kubectl proxy`) only of clusters marked as insecure. */
function allowPlainHttp(config: KubeConfig): KubeConfig {
  config.clusters = config.clusters.map((cluster) =>
    cluster.server.startsWith('http:') ? { ...cluster, skipTLSVerify: true } : cluster,
  );
  return config;
}

const invalid = (what: string, todo: string): KubernetesApiError =>
  new KubernetesApiError(0, 'ConfigurationInvalid', `${what}: ${todo}`);
