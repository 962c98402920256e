/** Bodies of answers as objects: trusted to be what the API server checked, once they look like it. */

import type { Buffer } from 'node:buffer';
import { KubernetesApiError } from './api-error.ts';
import { type CallTarget, inWords } from './call-target.ts';
import type { ListPage } from './calls.ts';
import type { ApiResource, KubeMetadata, KubeObject } from './kube-object.ts';

/** Whether it is an object with the metadata that everything here relies on. */
export function isMetadata(
  value: unknown,
): value is { readonly metadata: KubeMetadata; readonly [field: string]: unknown } {
  const { metadata } = (value ?? {}) as { readonly metadata?: Partial<KubeMetadata> | null };
  return typeof metadata?.name === 'string' && typeof metadata.resourceVersion === 'string';
}

/** Items of lists come without both. */
export const withKind = (
  { apiVersion, kind }: ApiResource,
  object: { readonly metadata: KubeMetadata },
): KubeObject => ({ ...object, apiVersion, kind });

/** @throws KubernetesApiError AnswerUnusable */
export function decodeObject(target: CallTarget, body: Buffer): KubeObject {
  const value = parseJson(target, body);
  const { apiVersion, kind } = (value ?? {}) as { apiVersion?: unknown; kind?: unknown };
  // A dry run of a creation has no resource version yet.
  const { metadata } = (value ?? {}) as { readonly metadata?: { readonly name?: unknown } | null };
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || !metadata?.name) {
    throw unusable(target, 'is no object');
  }
  return value as KubeObject;
}

/** @throws KubernetesApiError AnswerUnusable */
export function decodeList(target: CallTarget, resource: ApiResource, body: Buffer): ListPage {
  const { items, metadata } = (parseJson(target, body) ?? {}) as {
    readonly items?: unknown;
    readonly metadata?: { readonly resourceVersion?: unknown; readonly continue?: unknown } | null;
  };
  const resourceVersion = metadata?.resourceVersion;
  // Go writes an empty list as null in places.
  const list = items ?? [];
  if (!Array.isArray(list) || !list.every(isMetadata) || typeof resourceVersion !== 'string') {
    throw unusable(target, 'is no list of objects');
  }
  const next = metadata?.continue;
  return {
    items: list.map((item) => withKind(resource, item)),
    resourceVersion,
    continue: typeof next === 'string' && next !== '' ? next : undefined,
  };
}

/** @throws KubernetesApiError AnswerUnusable, quoting nothing */
export function parseJson(target: CallTarget, body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw unusable(target, 'is not JSON');
  }
}

export const unusable = (target: CallTarget, problem: string): KubernetesApiError =>
  new KubernetesApiError(
    0,
    'AnswerUnusable',
    `cannot ${target.verb} ${inWords(target)}: the answer ${problem}: check what stands between us and the API server`,
  );
