import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { configDir, readYaml, yamlFilesIn } from '../../support/config-dir.ts';

interface Kustomization {
  readonly kind: 'Kustomization' | 'Component';
  readonly namespace?: string;
  readonly resources?: readonly string[];
  readonly components?: readonly string[];
  readonly patches?: readonly { readonly path: string }[];
}

/** Folders of their own kind: to be applied file by file. */
const notInstalled = /^(?:examples|helm|keda|kafka|prometheus)\//;
const files = yamlFilesIn(configDir).filter((file) => !notInstalled.test(inConfig(file)));
const isKustomization = (file: string): boolean => basename(file) === 'kustomization.yaml';
const kustomizations = files.filter(isKustomization);
const manifests = files.filter((file) => !isKustomization(file));

function inConfig(file: string): string {
  return relative(configDir, file);
}
const kustomizationOf = (file: string): Kustomization => {
  const [only, ...others] = readYaml<Kustomization>(file);
  if (only === undefined || others.length > 0) throw new Error(`${file}: one document, please`);
  return only;
};
const namedBy = (file: string): readonly string[] => {
  const { resources = [], components = [], patches = [] } = kustomizationOf(file);
  const paths = [...resources, ...components, ...patches.map(({ path }) => path)];
  return paths.map((path) => join(dirname(file), path));
};

/** Everything that a kustomization brings, patches apart. */
function resourcesOf(file: string): readonly Manifest[] {
  const { resources = [], components = [] } = kustomizationOf(file);
  return [...resources, ...components].flatMap((path) => {
    const named = join(dirname(file), path);
    return statSync(named).isDirectory()
      ? resourcesOf(join(named, 'kustomization.yaml'))
      : readYaml(named);
  });
}

const clusterWide = new Set([
  'Namespace',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleBinding',
]);
const installations = [
  'kustomization.yaml',
  'overlays/attached/kustomization.yaml',
  'overlays/tls/kustomization.yaml',
];

describe('the kustomizations', () => {
  it.each(kustomizations.map((file) => [inConfig(file), file]))(
    '%s names only what is there',
    (_name, file) => {
      for (const named of namedBy(file)) {
        const isThere = existsSync(named) && statSync(named).isDirectory();
        expect(isThere ? existsSync(join(named, 'kustomization.yaml')) : existsSync(named)).toBe(
          true,
        );
      }
    },
  );

  it('leave no manifest out', () => {
    const named = new Set(kustomizations.flatMap(namedBy));
    expect(manifests.filter((file) => !named.has(file)).map(inConfig)).toEqual([]);
  });

  it.each(installations)('%s has nothing twice', (name) => {
    const keys = resourcesOf(join(configDir, name)).map(
      ({ kind, metadata }) => `${kind} ${metadata.name}`,
    );
    expect(keys.length).toBeGreaterThan(5);
    expect([...new Set(keys)]).toEqual(keys);
  });

  it.each(installations)('%s puts everything into the one namespace that it makes', (name) => {
    const file = join(configDir, name);
    const resources = resourcesOf(file);
    const made = resources.find(({ kind }) => kind === 'Namespace')?.metadata.name;
    expect(kustomizationOf(file).namespace).toBe(made);
    for (const { kind, metadata } of resources) {
      expect([kind, metadata.namespace]).toEqual([kind, clusterWide.has(kind) ? undefined : made]);
    }
  });

  it('leave the CRD of ours out where Seldon has one', () => {
    const kinds = (name: string) => resourcesOf(join(configDir, name)).map(({ kind }) => kind);
    expect(kinds('overlays/attached/kustomization.yaml')).not.toContain('CustomResourceDefinition');
    expect(kinds('kustomization.yaml')).toContain('CustomResourceDefinition');
  });
});
