/**
 * etcd, kube-apiserver and kube-controller-manager: built once, from the Go module in
 * test/kubernetes-servers, into a cache outside the work tree.
 *
 * 1. Where KUBEBUILDER_ASSETS names a folder with these programs, that is used instead.
 * 2. The cache folder appears whole or not at all. Of two processes that want it at once, the
 *    second waits for the first (flock, which the kernel ends with its process).
 */

import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProgramMissingError } from '../../src/demo/kafka-install.ts';
import { runProgram } from '../../src/demo/programs.ts';

export interface KubePrograms {
  readonly etcd: string;
  readonly apiServer: string;
  /** A folder that KUBEBUILDER_ASSETS names may be without it. */
  readonly controllerManager: string | undefined;
}

export interface InstallKubeOptions {
  /** KUBEBUILDER_ASSETS; empty means unset. */
  readonly assetsDir?: string | undefined;
  /** Where the programs are kept; its folder is made. */
  readonly cacheDir: string;
  /** Takes a line of progress, only where something has to be built. */
  readonly say: (line: string) => void;
}

const moduleDir = fileURLToPath(new URL('../kubernetes-servers', import.meta.url));
const goMod = readFileSync(join(moduleDir, 'go.mod'), 'utf8');
const versionOf = (module: string): string => {
  const required = goMod.split('\n').find((line) => line.trim().startsWith(`${module} v`));
  return required?.trim().split(' ')[1] ?? '';
};
/** With its `v`, as go.mod has it. */
export const kubernetesVersion = versionOf('k8s.io/kubernetes');
const etcdVersion = versionOf('go.etcd.io/etcd/server/v3');

/** The cache folder for a given `XDG_CACHE_HOME`. */
export function kubeCacheDir(cacheHome?: string): string {
  const name = `kubernetes-${kubernetesVersion}-etcd-${etcdVersion}`;
  return join(cacheHome || join(homedir(), '.cache'), 'seldon-eventing', name);
}

/**
 * Finds the programs, or builds them.
 *
 * @throws ProgramMissingError where Go is needed and not there
 */
export async function installKube(options: InstallKubeOptions): Promise<KubePrograms> {
  const { assetsDir, cacheDir, say } = options;
  if (assetsDir) return givenPrograms(assetsDir);
  if (!isInstalled(cacheDir)) await build(cacheDir, say);
  return programsIn(cacheDir);
}

function programsIn(dir: string): KubePrograms {
  const manager = join(dir, 'kube-controller-manager');
  return {
    etcd: join(dir, 'etcd'),
    apiServer: join(dir, 'kube-apiserver'),
    controllerManager: isProgram(manager) ? manager : undefined,
  };
}

function givenPrograms(dir: string): KubePrograms {
  const absent = ['etcd', 'kube-apiserver'].filter((name) => !isProgram(join(dir, name)));
  if (absent.length === 0) return programsIn(dir);
  throw new Error(
    `KUBEBUILDER_ASSETS names ${dir}, which has no executable ${absent.join(', ')}: ` +
      'name a folder that has, or unset it to have them built',
  );
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The folder is renamed into place when it has all of them, so one tells of all. */
const isInstalled = (dir: string) => isProgram(join(dir, 'kube-apiserver'));

async function build(cacheDir: string, say: (line: string) => void): Promise<void> {
  await checkGo();
  say(`building kube-apiserver ${kubernetesVersion} and etcd ${etcdVersion} into ${cacheDir}`);
  say('this happens once and takes 3 to 10 minutes');
  await mkdir(dirname(cacheDir), { recursive: true });
  const work = await mkdtemp(`${cacheDir}.partial-`);
  try {
    await compile(cacheDir, work, say);
    // Another process had the lock before us and has built them.
    if (isInstalled(cacheDir)) return;
    await rename(join(work, 'server'), join(work, 'etcd'));
    await rename(work, cacheDir).catch((error: unknown) => {
      if (!isInstalled(cacheDir)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  say(`kube-apiserver ${kubernetesVersion} and etcd ${etcdVersion} are ready`);
}

const packages = [
  'go.etcd.io/etcd/server/v3',
  'k8s.io/kubernetes/cmd/kube-apiserver',
  'k8s.io/kubernetes/cmd/kube-controller-manager',
];

/** What a release build stamps on; without it `/version` says v0.0.0 and clients refuse it. */
function versionFlags(): string {
  const [major, minor] = kubernetesVersion.slice(1).split('.');
  const stamps = { gitVersion: kubernetesVersion, gitMajor: major, gitMinor: minor };
  const assigned = Object.entries({ ...stamps, gitTreeState: 'clean' });
  return assigned.map(([key, to]) => `-X k8s.io/component-base/version.${key}=${to}`).join(' ');
}

async function compile(cacheDir: string, work: string, say: (line: string) => void): Promise<void> {
  const flags = ['-mod=readonly', '-trimpath', '-v', '-ldflags', `-s -w ${versionFlags()}`];
  const go = ['go', '-C', moduleDir, 'build', ...flags, '-o', `${work}/`, ...packages];
  // Behind whatever else this machine does meanwhile.
  const niceGo = ['env', 'CGO_ENABLED=0', 'GOWORK=off', 'nice', '-n', '10', ...go];
  const unlessBuilt = 'test -x "$0/kube-apiserver" || exec "$@"';
  const [program = '', ...args] = locked(cacheDir, ['sh', '-c', unlessBuilt, cacheDir, ...niceGo]);
  const others: string[] = [];
  let compiled = 0;
  const exit = await runProgram(program, args, (line) => {
    const fetched = /^go: downloading ((?:k8s\.io\/kubernetes|go\.etcd\.io\/etcd\S*) \S+)/.exec(
      line,
    );
    if (fetched) say(`fetching ${fetched[1]}`);
    if (!packageName.test(line)) return void others.push(line);
    compiled += 1;
    if (compiled % 250 === 0) say(`compiled ${compiled} of about 2700 packages`);
  });
  if (exit.code === 0) return;
  const errors = others.filter((line) => !line.startsWith('go: downloading ')).slice(0, 10);
  throw new Error(`Go could not build the Kubernetes servers:\n${errors.join('\n')}`);
}

/** What `go build -v` prints of each package that it compiles. */
const packageName = /^[\w./~-]+$/;

const flock = '/usr/bin/flock';

/** `--no-fork`: the lock is held by the build itself, and goes with it. */
const locked = (cacheDir: string, command: readonly string[]): readonly string[] =>
  existsSync(flock) ? [flock, '--no-fork', `${cacheDir}.lock`, ...command] : command;

/** Asks Go within the module, so that one which is too old says so here. */
async function checkGo(): Promise<void> {
  const lines: string[] = [];
  const args = ['-C', moduleDir, 'env', 'GOVERSION'];
  const exit = await runProgram('go', args, (line) => lines.push(line)).catch(() => null);
  if (exit?.code === 0) return;
  const [, goVersion = ''] = /^go (\S+)/m.exec(goMod) ?? [];
  const itSays = lines.find((line) => line.startsWith('go: '));
  throw new ProgramMissingError(
    `the Kubernetes servers are built by Go ${goVersion} or later, which is missing here` +
      `${itSays === undefined ? '' : ` (${itSays})`}: install it from https://go.dev/dl, or set ` +
      'KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver, or KUBECONFIG to a cluster',
  );
}
