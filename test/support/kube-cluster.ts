/**
 * etcd, kube-apiserver and, where asked for, kube-controller-manager on loopback.
 *
 * 1. Port, objects and certificates outlive `stopApiServer` and `startApiServer`.
 * 2. kube-apiserver makes its own CA and serving certificate, so nothing else is needed for it.
 * 3. There is no kubelet: pods stay Pending.
 * 4. No server outlives this process (programs.ts), and `close` leaves nothing behind.
 */

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '../../src/demo/free-port.ts';
import { createAuthority } from './certificates.ts';
import { writeKubeconfig } from './kube-config.ts';
import {
  apiServerFlags,
  argsOf,
  certificatesDir,
  controllerManagerFlags,
  etcdFlags,
  type Flags,
  frontProxy,
  serviceAccountKey,
} from './kube-flags.ts';
import type { KubePrograms } from './kube-install.ts';
import { answers, runServer, type ServerProcess } from './kube-process.ts';

export interface KubeClusterOptions {
  readonly programs: KubePrograms;
  /** Users without rights of their own, each with its groups; see {@link KubeCluster.tokens}. */
  readonly users?: Readonly<Record<string, readonly string[]>> | undefined;
}

export interface KubeCluster {
  readonly dir: string;
  /** Of the kube-apiserver that runs now, or ran last. */
  readonly apiServerPid: number;
  /** A file whose user may do everything (`system:masters`). */
  readonly kubeconfig: string;
  /** By the name of the user. */
  readonly tokens: ReadonlyMap<string, string>;
  /** Takes kube-apiserver away as a crash would (SIGKILL); etcd stays. */
  stopApiServer(): Promise<void>;
  /** Starts it on the same port, where it does not run; resolves when `/readyz` says so. */
  startApiServer(): Promise<void>;
  /** Which controllers it runs: kube-flags.ts, and these. */
  startControllerManager(more?: readonly string[]): Promise<void>;
  /** What all servers wrote. */
  log(): Promise<string>;
  /** Ends all of them and deletes the folder. */
  close(): Promise<void>;
}

/** Starts etcd and kube-apiserver; resolves when `/readyz` says so. */
export async function startKubeCluster(options: KubeClusterOptions): Promise<KubeCluster> {
  const { programs, users = {} } = options;
  const dir = await mkdtemp(join(tmpdir(), 'seldon-eventing-kube-'));
  const servers = new Map<string, ServerProcess>();
  const logFileOf = (name: string) => join(dir, `${name}.log`);
  const run = async (name: string, program: string, flags: Flags, readyUrl: string) => {
    const isReady = () => answers(readyUrl);
    const logFile = logFileOf(name);
    servers.set(name, await runServer({ program, args: argsOf(flags), logFile, isReady }));
  };
  let closing: Promise<void> | undefined;
  const close = async () => {
    await Promise.all([...servers.values()].map((server) => server.kill()));
    await rm(dir, { recursive: true, force: true });
  };

  const etcdUrl = `http://127.0.0.1:${await findFreePort()}`;
  const port = await findFreePort();
  const url = `https://127.0.0.1:${port}`;
  const runApiServer = () => {
    const flags = apiServerFlags({ dir, port, etcdUrl });
    return run('kube-apiserver', programs.apiServer, flags, `${url}/readyz`);
  };
  const kubeconfig = join(dir, 'admin.kubeconfig');
  const tokens = new Map(['admin', ...Object.keys(users)].map((name) => [name, randomUUID()]));
  try {
    await writeFile(join(dir, 'tokens.csv'), tokenLines(tokens, users));
    await writeFile(join(dir, 'service-accounts.pem'), serviceAccountKey());
    await writeFrontProxy(dir);
    await run('etcd', programs.etcd, etcdFlags(dir, etcdUrl), `${etcdUrl}/health`);
    await runApiServer();
    const caData = await readFile(join(certificatesDir(dir), 'apiserver.crt'), 'base64');
    const cluster = { name: 'test', server: url, caData, skipTLSVerify: false };
    await writeKubeconfig(kubeconfig, cluster, tokens.get('admin') ?? '');
  } catch (error) {
    await close();
    throw error;
  }

  return {
    dir,
    kubeconfig,
    tokens,
    get apiServerPid() {
      return servers.get('kube-apiserver')?.pid ?? 0;
    },
    async stopApiServer() {
      await servers.get('kube-apiserver')?.kill();
    },
    async startApiServer() {
      if (closing !== undefined) throw new Error('the cluster has been closed');
      if (servers.get('kube-apiserver')?.hasEnded()) await runApiServer();
    },
    async startControllerManager(more = []) {
      const { controllerManager } = programs;
      if (controllerManager === undefined) throw new Error('there is no kube-controller-manager');
      const healthPort = await findFreePort();
      const flags = controllerManagerFlags(dir, kubeconfig, healthPort, more);
      const healthUrl = `https://127.0.0.1:${healthPort}/healthz`;
      await run('kube-controller-manager', controllerManager, flags, healthUrl);
    },
    async log() {
      const files = ['etcd', 'kube-apiserver', 'kube-controller-manager'].map(logFileOf);
      return (
        await Promise.all(files.filter((file) => existsSync(file)).map((file) => readFile(file)))
      ).join('\n');
    },
    close: () => (closing ??= close()),
  };
}

async function writeFrontProxy(dir: string): Promise<void> {
  const authority = createAuthority('front proxy');
  const { certPem, keyPem } = authority.issue({ name: 'front-proxy' });
  await writeFile(join(dir, frontProxy.authority), authority.certPem);
  await writeFile(join(dir, frontProxy.certificate), certPem);
  await writeFile(join(dir, frontProxy.key), keyPem);
}

/** kube-apiserver's `--token-auth-file`: token, name, uid and quoted groups. */
function tokenLines(
  tokens: ReadonlyMap<string, string>,
  users: Readonly<Record<string, readonly string[]>>,
): string {
  const groups: typeof users = { ...users, admin: ['system:masters'] };
  const lines = [...tokens].map(
    ([name, token]) => `${token},${name},${name},"${(groups[name] ?? []).join(',')}"\n`,
  );
  return lines.join('');
}
