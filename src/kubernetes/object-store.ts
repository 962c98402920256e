/** The copies of one kind's objects, and what has changed about them. */

import { type KubeObject, keyOf } from './kube-object.ts';

/** `resync`: unchanged, told because everything is looked at again. */
export type ChangeKind = 'added' | 'modified' | 'deleted' | 'resync';

export interface Change {
  readonly key: string;
  readonly kind: ChangeKind;
}

export interface ObjectStore {
  readonly get: (key: string) => KubeObject | undefined;
  readonly list: () => readonly KubeObject[];
  readonly size: () => number;
  /** @returns undefined where it was known already */
  readonly put: (object: KubeObject) => Change | undefined;
  /** @returns undefined where there was none */
  readonly remove: (object: KubeObject) => Change | undefined;
  /** Makes `objects` all there is. @param resync tells of the unchanged ones too */
  readonly replaceAll: (objects: readonly KubeObject[], resync: boolean) => readonly Change[];
}

export function createObjectStore(): ObjectStore {
  let objects = new Map<string, KubeObject>();

  const compare = (key: string, object: KubeObject): Change | undefined => {
    const known = objects.get(key);
    if (known === undefined) return { key, kind: 'added' };
    // Versions are the cluster's own: the same one is the same object.
    if (known.metadata.resourceVersion === object.metadata.resourceVersion) return undefined;
    return { key, kind: 'modified' };
  };

  return {
    get: (key) => objects.get(key),
    list: () => [...objects.values()],
    size: () => objects.size,
    put: (object) => {
      const key = keyOf(object);
      const change = compare(key, object);
      if (change !== undefined) objects.set(key, object);
      return change;
    },
    remove: (object) => {
      const key = keyOf(object);
      return objects.delete(key) ? { key, kind: 'deleted' } : undefined;
    },
    replaceAll: (all, resync) => {
      const changes: Change[] = [];
      const next = new Map(all.map((object) => [keyOf(object), object]));
      for (const [key, object] of next) {
        const change = compare(key, object);
        if (change !== undefined) changes.push(change);
        else if (resync) changes.push({ key, kind: 'resync' });
      }
      for (const key of objects.keys()) {
        if (!next.has(key)) changes.push({ key, kind: 'deleted' });
      }
      objects = next;
      return changes;
    },
  };
}
