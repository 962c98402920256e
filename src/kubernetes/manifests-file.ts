/** YAML of one or more Kubernetes objects: what people keep in files. */

import { type Document, LineCounter, parseAllDocuments, stringify } from 'yaml';
import type { KubeObject } from './kube-object.ts';

export interface ManifestProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

export type ReadManifests =
  | { readonly ok: true; readonly objects: readonly KubeObject[] }
  | { readonly ok: false; readonly problems: readonly ManifestProblem[] };

/** More aliases than any manifest has: beyond that it is meant to exhaust memory. */
const maxAliases = 1_000;

/** Reads YAML (or JSON) of any number of documents; `kind: List` is taken apart. All problems at once. */
export function readManifests(text: string): ReadManifests {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
    uniqueKeys: true,
  });
  const problems: ManifestProblem[] = [];
  const objects: KubeObject[] = [];
  for (const document of Array.isArray(documents) ? documents : []) {
    const at = (offset: number): number => Math.max(1, lines.linePos(offset).line);
    if (document.errors.length > 0) {
      for (const { pos, message } of document.errors) {
        problems.push({ line: at(pos[0]), message: `not valid YAML: ${message}` });
      }
      continue;
    }
    const line = at(document.contents?.range?.[0] ?? document.range?.[0] ?? 0);
    const value = plainValue(document);
    if (value === undefined) {
      problems.push({ line, message: 'its aliases cannot be resolved: write the values out' });
    } else if (value !== null) {
      const { found, wrong } = objectsOf(value, '');
      objects.push(...found);
      problems.push(...wrong.map((message) => ({ line, message })));
    }
  }
  return problems.length === 0 ? { ok: true, objects } : { ok: false, problems };
}

/** @returns null for an empty document; undefined where its aliases lead nowhere, or to too much */
function plainValue(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: maxAliases }) ?? null;
  } catch {
    return undefined;
  }
}

interface Found {
  readonly found: readonly KubeObject[];
  readonly wrong: readonly string[];
}

function objectsOf(value: unknown, where: string): Found {
  const problem = problemOf(value);
  if (problem !== undefined) return { found: [], wrong: [`${where}${problem}`] };
  const object = value as KubeObject & { readonly items?: unknown };
  if (object.apiVersion !== 'v1' || object.kind !== 'List') return { found: [object], wrong: [] };
  const items = Array.isArray(object.items) ? object.items : [];
  const inside = items.map((item, index) => objectsOf(item, `items[${index}]: `));
  return {
    found: inside.flatMap(({ found }) => found),
    wrong: inside.flatMap(({ wrong }) => wrong),
  };
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'not a Kubernetes object: write apiVersion, kind and metadata';
  }
  const { apiVersion, kind, metadata } = value as Readonly<Record<string, unknown>>;
  if (typeof apiVersion !== 'string' || apiVersion === '')
    return 'apiVersion is missing: write one';
  if (typeof kind !== 'string' || kind === '') return 'kind is missing: write one';
  if (apiVersion === 'v1' && kind === 'List') return undefined;
  const { name, namespace } = (metadata ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || name === '')
    return `metadata.name of this ${kind} is missing: write one`;
  if (namespace !== undefined && typeof namespace !== 'string') {
    return `metadata.namespace of ${kind} ${name} is no text: put it in quotes`;
  }
  return undefined;
}

/**
 * As YAML documents that any YAML reader understands alike: what YAML 1.1 would take for a boolean or
 * a number (`on`, `1_000`, `0777`) is quoted, as Kubernetes' own tools read YAML 1.1.
 */
export function writeManifests(objects: readonly object[]): string {
  return objects
    .map((object) =>
      stringify(object, { lineWidth: 0, compat: 'yaml-1.1', aliasDuplicateObjects: false }),
    )
    .join('---\n');
}
