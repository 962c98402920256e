/** kubectl, built once from the Go module in test/kubectl into the cache of the other programs. */

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildWithGo } from './go-build.ts';

const moduleDir = fileURLToPath(new URL('../kubectl', import.meta.url));
const goMod = readFileSync(join(moduleDir, 'go.mod'), 'utf8');
/** k8s.io/kubectl v0.36.3 is kubectl v1.36.3. */
const version = goMod.split('k8s.io/kubectl v0')[1]?.split(/\s/)[0] ?? '';

/**
 * Finds it, or builds it.
 *
 * @returns its path
 * @throws ProgramMissingError where Go is needed and not there
 */
export async function installKubectl(
  say: (line: string) => void,
  cacheHome?: string,
): Promise<string> {
  const root = join(cacheHome || join(homedir(), '.cache'), 'seldon-eventing');
  const cacheDir = join(root, `kubectl-v1${version}`);
  await buildWithGo({
    moduleDir,
    cacheDir,
    programs: { kubectl: 'seldon-eventing.test/kubectl' },
    flags: ['-ldflags', `-s -w -X k8s.io/component-base/version.gitVersion=v1${version}`],
    what: `kubectl v1${version}`,
    duration: '1 to 3 minutes',
    packageCount: 800,
    toldModules: /^k8s\.io\/kubectl/,
    instead: '',
    say,
  });
  return join(cacheDir, 'kubectl');
}
