/** What a test does in the cluster, as somebody with kubectl and a curl pod would. */

import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { readYaml } from '../../support/config-dir.ts';
import { createKubeClient, type KubeClient, type KubeObject } from '../../support/kube-client.ts';
import { applyAll } from './apply.ts';
import type { ClusterAccess } from './cluster.ts';
import { noteResult } from './summary.ts';
import { until } from './until.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** An object with whatever status it has. */
export interface LiveObject extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly [field: string]: unknown;
  };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface InCluster extends ClusterAccess {
  readonly admin: KubeClient;
  /** `kubectl apply -f` of files that we ship; `change` stands for a user's editor. */
  applyFile(file: string, change?: (text: Manifest) => Manifest): Promise<readonly Manifest[]>;
  get<T = LiveObject>(manifest: Manifest): Promise<T | undefined>;
  remove(manifest: Manifest): Promise<void>;
  /** Waits until a condition is True, and says what it is if it does not become so. */
  becomes(manifest: Manifest, condition: string): Promise<LiveObject>;
  /** What curl does in a pod: a POST to a name of the cluster. */
  post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Answer>;
  /** `kubectl logs` of all pods of a Deployment, dead or alive. */
  logs(namespace: string, deployment: string): Promise<string>;
}

/** For the tests of a file; `access` is undefined where they are skipped. */
export function useCluster(access: ClusterAccess | undefined): InCluster {
  let client: KubeClient | undefined;
  beforeAll(async () => {
    if (access !== undefined) client = await createKubeClient(access.kubeconfig);
  });
  afterAll(() => client?.close());
  afterEach(({ task }) => {
    if (access !== undefined) noteResult(access.artefacts, task);
  });
  const here = (): ClusterAccess => {
    if (access === undefined) throw new Error('there is no cluster');
    return access;
  };
  const admin = (): KubeClient => {
    if (client === undefined) throw new Error('the cluster is there only within tests and hooks');
    return client;
  };
  const cluster: InCluster = {
    ...(access as ClusterAccess),
    get admin() {
      return admin();
    },
    async applyFile(file, change = (manifest) => manifest) {
      const manifests = readYaml(file).map(change);
      await applyAll(admin(), manifests);
      return manifests;
    },
    async get<T>(manifest: Manifest) {
      const { status, body } = await admin().request<T>('GET', await admin().pathOf(manifest));
      if (status === 404) return undefined;
      if (status === 200) return body;
      throw new Error(`${manifest.kind} ${manifest.metadata.name}: ${JSON.stringify(body)}`);
    },
    async remove(manifest) {
      await admin().request('DELETE', await admin().pathOf(manifest));
    },
    becomes(manifest, condition) {
      const what = `${manifest.kind} ${manifest.metadata.name} to be ${condition}`;
      return until(what, async () => {
        const live = await cluster.get(manifest);
        const found = live?.status?.conditions?.find(({ type }) => type === condition);
        if (found?.status === 'True') return live;
        throw new Error(JSON.stringify(live?.status));
      });
    },
    post: (url, headers, body) => post(here().proxyUrl, url, headers, body),
    async logs(namespace, deployment) {
      const { podLogs } = here();
      const files = await readdir(podLogs);
      const own = files.filter((name) => name.startsWith(`${namespace}_${deployment}-`)).sort();
      const texts = await Promise.all(own.map((name) => readFile(join(podLogs, name), 'utf8')));
      return texts.join('');
    },
  };
  return cluster;
}

function post(
  proxyUrl: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<Answer> {
  const { hostname, port } = new URL(proxyUrl);
  const { host } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request({
      hostname,
      port,
      method: 'POST',
      path: url,
      headers: { host, 'content-length': Buffer.byteLength(body), ...headers },
    });
    sent.once('error', reject);
    sent.once('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      text(response).then((body) => resolve({ status, headers, body }), reject);
    });
    sent.end(body);
  });
}
