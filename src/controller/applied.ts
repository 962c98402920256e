/**
 * Whether the cluster has what we want already, told from the live object alone, so that a restart
 * of the controller writes nothing (docs/decisions/0010).
 *
 * Two things must hold:
 * 1. the annotation that we applied with the object is the hash of what we want now;
 * 2. the API server still names us as the manager of every field that we want. Whoever sets a
 *    field to another value, or removes it, takes it from us: server-side apply's own bookkeeping
 *    tells of every interference, whatever defaults and normal forms the values have.
 */

import { createHash } from 'node:crypto';
import type { KubeObject } from '../kubernetes/kube-object.ts';
import { canonicalJson } from './json.ts';
import {
  fieldsOf,
  fieldsTextOf,
  type ManagedFieldsEntry,
  managedFieldsOf,
  recordOf,
} from './live-object.ts';
import type { Manifest } from './render/manifest.ts';

/** The one name under which this controller applies. */
export const fieldManager = 'seldon-eventing';

export const hashAnnotation = 'seldon-eventing.io/applied-hash';

/** The manifest with the hash of itself among its annotations: what is applied. */
export function withHash(manifest: Manifest): Manifest {
  const { metadata } = manifest;
  const hash = createHash('sha256').update(canonicalJson(manifest)).digest('hex').slice(0, 32);
  return {
    ...manifest,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [hashAnnotation]: hash } },
  };
}

export const appliedHashOf = ({ metadata }: KubeObject | Manifest): string | undefined =>
  metadata.annotations?.[hashAnnotation];

/** Our entry of the object's own fields (not of a subresource). */
export const ourEntry = (live: KubeObject): ManagedFieldsEntry | undefined =>
  managedFieldsOf(live).find(
    ({ manager, operation, subresource }) =>
      manager === fieldManager && operation === 'Apply' && (subresource ?? '') === '',
  );

/** The names of the fields that are ours, as text; it changes when somebody interferes. */
export const ourFields = (live: KubeObject): string => fieldsTextOf(ourEntry(live) ?? {});

/** The API server keeps these itself: they never appear among managed fields. */
const unmanaged = new Set(['apiVersion', 'kind']);
const unmanagedMetadata = new Set(['name', 'namespace', 'uid', 'resourceVersion', 'generation']);

/** @param desired with its hash: {@link withHash} */
export function isApplied(desired: Manifest, live: KubeObject): boolean {
  if (appliedHashOf(live) !== appliedHashOf(desired)) return false;
  const entry = ourEntry(live);
  if (entry === undefined) return false;
  const fields = fieldsOf(entry);
  return Object.entries(desired).every(([name, value]) => {
    if (unmanaged.has(name)) return true;
    const node = fields[`f:${name}`];
    if (name !== 'metadata') return covers(node, value);
    return Object.entries(recordOf(value)).every(
      ([key, inner]) => unmanagedMetadata.has(key) || covers(recordOf(node)[`f:${key}`], inner),
    );
  });
}

/**
 * Whether the field set `node` names every field of `value`.
 * Its keys: `f:<field>`, `k:<JSON of a list item's key fields>`, `v:<JSON of a set's item>`, and
 * `.` for the thing itself; a node without such children is whole (a scalar, or an atomic list).
 */
function covers(node: unknown, value: unknown): boolean {
  if (isEmpty(value)) return true;
  if (node === undefined) return false;
  const children = recordOf(node);
  const names = Object.keys(children).filter((name) => name !== '.');
  if (names.length === 0) return true;
  if (Array.isArray(value)) return value.every((item) => coversItem(children, names, item));
  if (typeof value !== 'object') return true;
  return Object.entries(recordOf(value)).every(([key, inner]) =>
    covers(children[`f:${key}`], inner),
  );
}

function coversItem(
  children: Readonly<Record<string, unknown>>,
  names: readonly string[],
  item: unknown,
): boolean {
  if (typeof item !== 'object' || item === null) {
    return names.includes(`v:${JSON.stringify(item)}`);
  }
  const fields = recordOf(item);
  return names.some((name) => {
    if (!name.startsWith('k:')) return false;
    const keys = Object.entries(JSON.parse(name.slice(2)) as Record<string, unknown>);
    // A key that we leave out has its default there: a port's protocol.
    const same = keys.every(([key, value]) => fields[key] === undefined || fields[key] === value);
    return same && covers(children[name], item);
  });
}

/** Whether managing it, or not, makes no difference. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
