/** The manifests that we ship, as they stand in the repository. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import type { Manifest } from '../../src/controller/render/manifest.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Without a slash at its end, like all paths here. */
export const configDir: string = join(root, 'config');
export const knativeDir: string = join(root, 'knative');
const fixturesDir = join(root, 'test/fixtures');

/** All YAML files below a folder, in order; templates are none. */
export const yamlFilesIn = (dir: string): readonly string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name) && !name.includes('/templates/'))
    .map((name) => join(dir, name))
    .sort();

/**
 * The documents of a YAML file.
 *
 * @throws the first of its syntax errors, with the file's name
 */
export function readYaml<T = Manifest>(file: string): readonly T[] {
  return parseYaml<T>(readFileSync(file, 'utf8'), file);
}

/** @param origin for the error */
export function parseYaml<T = Manifest>(text: string, origin: string): readonly T[] {
  const documents = parseAllDocuments(text, { uniqueKeys: true });
  return documents.map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`${origin}: ${error.message}`);
    return document.toJS() as T;
  });
}

export interface Fixture {
  readonly name: string;
  readonly manifest: Manifest;
}

const fixturesOf = (kind: string): readonly Fixture[] =>
  yamlFilesIn(join(fixturesDir, kind)).flatMap((file) =>
    readYaml(file).map((manifest) => ({ name: file.slice(dirname(file).length + 1), manifest })),
  );

/** The documents' SeldonDeployments, and others like them. */
export const seldonDeployments: readonly Fixture[] = fixturesOf('sdep');
/** Of KEDA, Knative, cert-manager and others: kinds that our manifests may have, and Seldon's. */
export const foreignCrds: readonly Fixture[] = fixturesOf('crds');
export const ourCrd = (): Manifest => {
  const [crd] = readYaml(join(configDir, 'crd/seldondeployments.yaml'));
  if (crd === undefined) throw new Error('config/crd/seldondeployments.yaml is empty');
  return crd;
};
