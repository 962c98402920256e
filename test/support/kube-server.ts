/**
 * A real Kubernetes API server for a test file.
 *
 *     const kube = await useKubeServer({ controllerManager: true });
 *     describe.skipIf(kube.missing)('…', () => {
 *       test('…', async () => {
 *         const namespace = await kube.createNamespace();
 *         await kube.admin.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, … } });
 *         const kubeconfig = await kube.kubeconfigFor({ namespace, serviceAccount: 'controller' });
 *
 * 1. Where KUBECONFIG is set, that cluster is used and is expected to run its own controllers; else
 *    one is started for the file (kube-cluster.ts), from KUBEBUILDER_ASSETS or what we build.
 * 2. Where the programs cannot be had the file is skipped, what to install being printed; with
 *    CI=true it fails.
 * 3. `describe.skipIf(!kube.restartable)` is for tests that stop the API server, which is nobody's
 *    right in a given cluster.
 */

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { ProgramMissingError } from '../../src/demo/kafka-install.ts';
import { createKubeClient, type KubeClient } from './kube-client.ts';
import { type KubeCluster, startKubeCluster } from './kube-cluster.ts';
import { clusterOf, writeKubeconfig } from './kube-config.ts';
import { installKube, type KubePrograms, kubeCacheDir } from './kube-install.ts';

export type { KubeAnswer, KubeClient, KubeObject } from './kube-client.ts';

/** Whose rights a kubeconfig gives. A user has to be among those of {@link UseKubeServerOptions}. */
export type KubeUser =
  | { readonly token: string }
  | { readonly namespace: string; readonly serviceAccount: string }
  | { readonly user: string };

export interface UseKubeServerOptions {
  /** Whether garbage collection, aggregated ClusterRoles and Deployments are needed. */
  readonly controllerManager?: boolean;
  /**
   * Done before kube-controller-manager starts. A CRD that is applied later is known to its garbage
   * collector only up to 30 s after that, which is how often it looks.
   */
  readonly prepare?: (kube: TestKubeServer) => Promise<void>;
  /** Users beside the administrator, each with its groups; a given cluster cannot have them. */
  readonly users?: Readonly<Record<string, readonly string[]>>;
}

export interface TestKubeServer {
  /** Whether there is none, so that the tests are to be skipped. */
  readonly missing: boolean;
  /** Whether it is ours to stop. */
  readonly restartable: boolean;
  /** May do everything; like all that follows, there from beforeAll on. */
  readonly admin: KubeClient;
  /** The administrator's. */
  kubeconfigPath(): string;
  /** The path of a new file. */
  kubeconfigFor(user: KubeUser): Promise<string>;
  /** Closed at the end. */
  clientFor(user: KubeUser): Promise<KubeClient>;
  /** By TokenRequest, for an hour; makes the service account where it is not there. */
  tokenFor(namespace: string, serviceAccount: string): Promise<string>;
  /** A name that nobody else has; deleted at the end where the cluster is a given one. */
  createNamespace(labels?: Readonly<Record<string, string>>): Promise<string>;
  /** SIGKILL, then the same port and objects; resolves when it is ready. */
  restart(): Promise<void>;
  /** SIGKILL. */
  stopApiServer(): Promise<void>;
  startApiServer(): Promise<void>;
  /** What the servers wrote; empty for a given cluster. */
  log(): Promise<string>;
}

interface Started {
  readonly own: KubeCluster | undefined;
  readonly kubeconfig: string;
  readonly admin: KubeClient;
  /** For kubeconfigs. */
  readonly dir: string;
}

const env = process.env;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** @returns the programs; undefined where they cannot be had, which throws instead with CI=true */
export async function kubePrograms(
  options: UseKubeServerOptions = {},
): Promise<KubePrograms | undefined> {
  const assetsDir = env['KUBEBUILDER_ASSETS'];
  const cacheDir = kubeCacheDir(env['XDG_CACHE_HOME']);
  try {
    const programs = await installKube({ assetsDir, cacheDir, say });
    if (!options.controllerManager || programs.controllerManager !== undefined) return programs;
    throw new ProgramMissingError(
      'the folder that KUBEBUILDER_ASSETS names has no kube-controller-manager: add it, or unset ' +
        'KUBEBUILDER_ASSETS to have it built',
    );
  } catch (error) {
    if (!(error instanceof ProgramMissingError) || env['CI'] === 'true') throw error;
    say(`skipped: ${error.message}`);
    return undefined;
  }
}

/** One API server for the tests of this file: started in beforeAll, closed in afterAll. */
export async function useKubeServer(options: UseKubeServerOptions = {}): Promise<TestKubeServer> {
  const given = env['KUBECONFIG'] || undefined;
  if (given !== undefined && options.users !== undefined) {
    say('skipped: the cluster that KUBECONFIG names cannot be given users; unset it');
  }
  const programs = given === undefined ? await kubePrograms(options) : undefined;
  const missing = given === undefined ? programs === undefined : options.users !== undefined;
  const namespaces: string[] = [];
  const clients: KubeClient[] = [];
  let started: Started | undefined;

  const here = () => {
    if (started === undefined) throw new Error('the server is there only within tests and hooks');
    return started;
  };
  const ours = () => {
    const { own } = here();
    if (own === undefined) throw new Error('the cluster that KUBECONFIG names is not ours to stop');
    return own;
  };
  const tokenOf = async (user: KubeUser): Promise<string> => {
    if ('token' in user) return user.token;
    if ('serviceAccount' in user) return kube.tokenFor(user.namespace, user.serviceAccount);
    const token = here().own?.tokens.get(user.user);
    if (token === undefined) throw new Error(`useKubeServer was given no user ${user.user}`);
    return token;
  };

  const kube: TestKubeServer = {
    missing,
    restartable: given === undefined && !missing,
    get admin() {
      return here().admin;
    },
    kubeconfigPath: () => here().kubeconfig,
    async kubeconfigFor(user) {
      const file = join(here().dir, `${randomUUID()}.kubeconfig`);
      await writeKubeconfig(file, clusterOf(here().kubeconfig), await tokenOf(user));
      return file;
    },
    async clientFor(user) {
      const client = await createKubeClient(await kube.kubeconfigFor(user));
      clients.push(client);
      return client;
    },
    async tokenFor(namespace, serviceAccount) {
      const { admin } = here();
      const metadata = { namespace, name: serviceAccount };
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata };
      // As another manager than `test`, who may have given it labels and would lose them here.
      await admin.apply(account, { fieldManager: 'token-for' });
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`;
      const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' };
      const spec = { expirationSeconds: 3600 };
      const answer = await admin.request<TokenRequest>('POST', path, { ...request, spec });
      const token = answer.body.status?.token;
      if (token !== undefined) return token;
      throw new Error(`no token for ${namespace}/${serviceAccount}: ${JSON.stringify(answer)}`);
    },
    async createNamespace(labels = {}) {
      const name = `test-${randomUUID()}`;
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
      const answer = await here().admin.request('POST', '/api/v1/namespaces', namespace);
      if (answer.status !== 201) throw new Error(`no namespace: ${JSON.stringify(answer)}`);
      namespaces.push(name);
      return name;
    },
    async restart() {
      await ours().stopApiServer();
      await ours().startApiServer();
    },
    stopApiServer: async () => ours().stopApiServer(),
    startApiServer: async () => ours().startApiServer(),
    log: async () => (await here().own?.log()) ?? '',
  };

  beforeAll(async () => {
    if (missing) return;
    const own = programs && (await startKubeCluster({ programs, users: options.users }));
    const dir = await mkdtemp(join(tmpdir(), 'seldon-eventing-kubeconfigs-'));
    const kubeconfig = own?.kubeconfig ?? given ?? '';
    started = { own, kubeconfig, dir, admin: await createKubeClient(kubeconfig) };
    await options.prepare?.(kube);
    if (options.controllerManager) await own?.startControllerManager();
  });
  afterAll(async () => {
    if (started === undefined) return;
    const { own, admin, dir } = started;
    for (const name of own === undefined ? namespaces : []) {
      await admin.request('DELETE', `/api/v1/namespaces/${name}`);
    }
    for (const client of [admin, ...clients]) client.close();
    await own?.close();
    await rm(dir, { recursive: true, force: true });
  });
  return kube;
}

interface TokenRequest {
  readonly status?: { readonly token?: string };
}
