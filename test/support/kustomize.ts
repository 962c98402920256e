/** kustomize itself, compiled from its Go module into Go's cache. */

import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stringify } from 'yaml';
import type { Manifest } from '../../src/controller/render/manifest.ts';
import { ProgramMissingError } from '../../src/demo/kafka-install.ts';
import { runProgram } from '../../src/demo/programs.ts';
import { configDir, parseYaml } from './config-dir.ts';
import { runGoTool } from './go-tool.ts';

export const kustomizeProgram = 'sigs.k8s.io/kustomize/kustomize/v5@v5.7.1';

/** @returns whether there is no Go to compile it, which is said; with CI=true that throws */
export async function kustomizeMissing(): Promise<boolean> {
  const exit = await runProgram('env', ['go', 'version'], () => undefined);
  if (exit.code === 0) return false;
  const why = 'kustomize is compiled by Go, which is missing: install it from https://go.dev/dl';
  if (process.env['CI'] === 'true') throw new ProgramMissingError(why);
  process.stderr.write(`skipped: ${why}\n`);
  return true;
}

/**
 * `kustomize build`. The first one compiles kustomize, in about a minute.
 *
 * @throws what kustomize says
 */
export async function kustomizeBuild(dir: string): Promise<readonly Manifest[]> {
  const output = await runGoTool(kustomizeProgram, ['build', dir]);
  return parseYaml(output, dir);
}

export interface OwnKustomization {
  /** Folders in config/; `.` is config/ itself. */
  readonly resources?: readonly string[];
  /** Folders in config/. */
  readonly components?: readonly string[];
  /** Further resources. */
  readonly manifests?: readonly Manifest[];
}

/** Builds a kustomization as a user writes one, outside config/. */
export async function buildOwn(own: OwnKustomization): Promise<readonly Manifest[]> {
  const { resources = [], components = [], manifests = [] } = own;
  // kustomize takes relative paths alone, and follows links before it does.
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'seldon-eventing-kustomize-')));
  const pathOf = (name: string) => relative(dir, join(configDir, name));
  try {
    const files = manifests.map((_, index) => `${index}.yaml`);
    for (const [index, manifest] of manifests.entries()) {
      await writeFile(join(dir, `${index}.yaml`), stringify(manifest));
    }
    const kustomization = {
      resources: [...resources.map(pathOf), ...files],
      components: components.map(pathOf),
    };
    await writeFile(join(dir, 'kustomization.yaml'), stringify(kustomization));
    return await kustomizeBuild(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
