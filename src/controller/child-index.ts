/** Which children belong to which SeldonDeployment. */

import { type KubeObject, keyOf } from '../kubernetes/kube-object.ts';
import { seldonDeploymentKind } from './kinds.ts';

export interface ChildOwner {
  readonly uid: string;
  /** `namespace/name` of the SeldonDeployment. */
  readonly key: string;
}

/** Names a child: its kind and its key. */
export interface ChildId {
  readonly kind: string;
  readonly key: string;
}

export interface ChildIndex {
  /** The child is there, or changed. @returns the keys of the owners that it has, or had */
  readonly put: (child: KubeObject) => string[];
  /** The child is gone. @returns the key of the owner that it had */
  readonly remove: (id: ChildId) => string[];
  readonly of: (ownerUid: string) => readonly ChildId[];
}

/** The SeldonDeployment that controls an object. */
export function ownerOf({ metadata }: KubeObject): ChildOwner | undefined {
  const group = seldonDeploymentKind.apiVersion.split('/')[0];
  const owner = metadata.ownerReferences?.find(
    ({ controller, kind, apiVersion }) =>
      controller === true &&
      kind === seldonDeploymentKind.kind &&
      apiVersion.split('/')[0] === group,
  );
  if (owner === undefined) return undefined;
  return { uid: owner.uid, key: `${metadata.namespace ?? ''}/${owner.name}` };
}

export function createChildIndex(): ChildIndex {
  const owners = new Map<string, ChildOwner>();
  const children = new Map<string, Map<string, ChildId>>();
  const textOf = ({ kind, key }: ChildId): string => `${kind} ${key}`;

  const remove = (id: ChildId): string[] => {
    const text = textOf(id);
    const owner = owners.get(text);
    if (owner === undefined) return [];
    owners.delete(text);
    const siblings = children.get(owner.uid);
    siblings?.delete(text);
    if (siblings?.size === 0) children.delete(owner.uid);
    return [owner.key];
  };

  return {
    put: (child) => {
      const id = { kind: child.kind, key: keyOf(child) };
      const before = remove(id);
      const owner = ownerOf(child);
      if (owner === undefined) return before;
      owners.set(textOf(id), owner);
      const siblings = children.get(owner.uid) ?? new Map<string, ChildId>();
      children.set(owner.uid, siblings.set(textOf(id), id));
      return [...new Set([...before, owner.key])];
    },
    remove,
    of: (ownerUid) => [...(children.get(ownerUid)?.values() ?? [])],
  };
}
