/** What the controller reads from objects as the API server has them. */

import type { KubeObject } from '../kubernetes/kube-object.ts';
import { canonicalJson } from './json.ts';

/** Who last set which fields; `fieldsV1` names them. */
export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  /** RFC 3339. */
  readonly time?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
  /** The same as canonical JSON: how the caches keep it, at a tenth of the memory. */
  readonly fieldsText?: string;
}

/** The fields that an entry names. */
export const fieldsOf = ({ fieldsV1, fieldsText }: ManagedFieldsEntry): FieldSet =>
  fieldsV1 ?? recordOf(JSON.parse(fieldsText ?? '{}'));

export const fieldsTextOf = ({ fieldsV1, fieldsText }: ManagedFieldsEntry): string =>
  fieldsText ?? canonicalJson(fieldsV1 ?? {});

export type FieldSet = Readonly<Record<string, unknown>>;

export const managedFieldsOf = ({ metadata }: KubeObject): readonly ManagedFieldsEntry[] =>
  (metadata.managedFields ?? []).map((entry) => recordOf(entry));

/** A field that may hold anything, as an object; empty where it is none. */
export const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};

/** The uid of the object that controls this one. */
export const controllerUidOf = ({ metadata }: KubeObject): string | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;

/** Whether `left` is the later version of the same object; both come from one API server. */
export function isNewer(left: KubeObject, right: KubeObject): boolean {
  // Decimal numbers that only grow, as the API server promises for objects of one kind; longer than
  // a double is exact.
  const [a, b] = [left.metadata.resourceVersion ?? '', right.metadata.resourceVersion ?? ''];
  return a.length === b.length ? a > b : a.length > b.length;
}
