/**
 * etcd, kube-apiserver and kube-controller-manager: built once, from the Go module in
 * test/kubernetes-servers, into a cache outside the work tree.
 *
 * 1. Where KUBEBUILDER_ASSETS names a folder with these programs, that is used instead.
 * 2. Else they are built: go-build.ts.
 */

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildWithGo, isProgram } from './go-build.ts';

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
  await buildWithGo({
    moduleDir,
    cacheDir,
    programs: packages,
    flags: ['-ldflags', `-s -w ${versionFlags()}`],
    what: `kube-apiserver ${kubernetesVersion} and etcd ${etcdVersion}`,
    duration: '3 to 10 minutes',
    packageCount: 2700,
    toldModules: /^(k8s\.io\/kubernetes|go\.etcd\.io\/etcd)/,
    instead:
      ', or set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver, or KUBECONFIG to a cluster',
    say,
  });
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

const packages = {
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  etcd: 'go.etcd.io/etcd/server/v3',
};

/** What a release build stamps on; without it `/version` says v0.0.0 and clients refuse it. */
function versionFlags(): string {
  const [major, minor] = kubernetesVersion.slice(1).split('.');
  const stamps = { gitVersion: kubernetesVersion, gitMajor: major, gitMinor: minor };
  const assigned = Object.entries({ ...stamps, gitTreeState: 'clean' });
  return assigned.map(([key, to]) => `-X k8s.io/component-base/version.${key}=${to}`).join(' ');
}
