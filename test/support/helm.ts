/** Helm itself, compiled from its Go module into Go's cache. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Manifest } from '../../src/controller/render/manifest.ts';
import { configDir, parseYaml } from './config-dir.ts';
import { runGoTool } from './go-tool.ts';

export const helmProgram = 'helm.sh/helm/v3/cmd/helm@v3.22.0';
/** Compiled so, Helm takes the cluster for one of 1.20. */
const cluster = ['--kube-version', '1.36.3'];
const chart = join(configDir, 'helm/seldon-eventing');

/**
 * `helm template` of our chart, in the namespace that the kustomization has.
 * @throws what Helm says
 */
export async function helmTemplate(values: object = {}): Promise<readonly Manifest[]> {
  const dir = await mkdtemp(join(tmpdir(), 'seldon-eventing-helm-'));
  try {
    const file = join(dir, 'values.yaml');
    await writeFile(file, stringify(values));
    const namespace = 'seldon-eventing-system';
    const args = ['template', 'seldon-eventing', chart, '-n', namespace, '-f', file, ...cluster];
    const documents = parseYaml<Manifest | null>(await runHelm(args), 'helm template');
    return documents.filter((document) => document !== null);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** `helm lint --strict` of our chart. @throws what it finds */
export const helmLint = (): Promise<string> => runHelm(['lint', '--strict', chart, ...cluster]);

async function runHelm(args: readonly string[]): Promise<string> {
  const lines = (await runGoTool(helmProgram, args)).split('\n');
  return lines.filter((line) => !line.includes('found symbolic link in path')).join('\n');
}
