/**
 * Brings what is made for a SeldonDeployment to what it should be: server-side apply, and only
 * where something differs; what is no longer wanted is removed.
 *
 * O1 Nothing that another object controls is touched, whatever its name.
 * O2 What decides about replicas is removed before replicas are taken back; all else is removed
 *    after what replaces it was applied.
 * O3 A field `replicas` that KEDA or an HPA is to own is handed over at its present value: dropped
 *    without a new owner it would fall to its default, 1.
 */

import type { KubernetesClient } from '../kubernetes/client.ts';
import { fromKey, type KubeObject, keyOf, refOf } from '../kubernetes/kube-object.ts';
import {
  appliedHashOf,
  fieldManager,
  isApplied,
  ourEntry,
  ourFields,
  withHash,
} from './applied.ts';
import type { Caches } from './caches.ts';
import { deploymentKind, isKeda, isScaler, scaledObjectKind } from './kinds.ts';
import { controllerUidOf, fieldsOf, recordOf } from './live-object.ts';
import type { Finding } from './render/finding.ts';
import type { Manifest } from './render/manifest.ts';
import { isAboutObject } from './server-answers.ts';
import type { Writer } from './writer.ts';

export interface Owner {
  readonly uid: string;
  /** `namespace/name`. */
  readonly key: string;
}

export interface ApplyObjectsDeps {
  readonly client: Pick<KubernetesClient, 'get'>;
  readonly writer: Writer;
  readonly caches: Pick<Caches, 'child' | 'childrenOf' | 'stateOf' | 'wrote'>;
}

/**
 * @param objects all that there should be
 * @returns what stood in the way, object by object; the others were applied
 * @throws KubernetesApiError where the API server cannot be asked
 */
export type ApplyObjects = (owner: Owner, objects: readonly Manifest[]) => Promise<Finding[]>;

/** Forgetting costs one write for each. */
const maxLeft = 10_000;

/** Holds `replicas` between us and whoever scales next. */
const handoverManager = 'seldon-eventing-handover';

export function createApplyObjects({ client, writer, caches }: ApplyObjectsDeps): ApplyObjects {
  /** By uid: what our last apply left, for objects that an admission webhook changes at once. */
  const left = new Map<string, string>();
  const traceOf = (live: KubeObject): string => `${appliedHashOf(live)} ${ourFields(live)}`;

  const apply = async (owner: Owner, manifest: Manifest): Promise<Finding | undefined> => {
    if (isKeda(manifest) && caches.stateOf(scaledObjectKind) === 'absent') return kedaMissing;
    const desired = withHash(manifest);
    const cached = caches.child(manifest.kind, keyOf(manifest));
    const live = cached ?? (await client.get(refOf(manifest)));
    if (live !== undefined) {
      if (controllerUidOf(live) !== owner.uid) return nameTaken(live, owner);
      if (live.metadata.deletionTimestamp !== undefined) return beingDeleted(live);
      if (isApplied(desired, live)) return undefined;
      const sameAsLeft = left.get(live.metadata.uid ?? '') === traceOf(live);
      if (sameAsLeft && appliedHashOf(live) === appliedHashOf(desired)) return undefined;
      if (givesUpReplicas(desired, live)) await handOver(live);
    }
    const result = await writer.apply(desired, { fieldManager, force: true });
    caches.wrote(result);
    if (!isApplied(desired, result)) {
      if (left.size >= maxLeft) left.clear();
      left.set(result.metadata.uid ?? '', traceOf(result));
    }
    return undefined;
  };

  const handOver = async (live: KubeObject): Promise<void> => {
    const { apiVersion, kind, metadata } = live;
    const { replicas } = recordOf(live['spec']);
    const { name, namespace = '' } = metadata;
    const manifest = { apiVersion, kind, metadata: { name, namespace }, spec: { replicas } };
    await writer.apply(manifest, { fieldManager: handoverManager, force: true });
  };

  const remove = async (live: KubeObject): Promise<undefined> => {
    const { uid, deletionTimestamp } = live.metadata;
    if (deletionTimestamp !== undefined) return undefined;
    const preconditions = uid === undefined ? {} : { uid };
    await writer.remove(refOf(live), { propagation: 'Background', preconditions });
    left.delete(uid ?? '');
    return undefined;
  };

  return async (owner, objects) => {
    const wanted = new Set(objects.map((object) => `${object.kind} ${keyOf(object)}`));
    const surplus = caches
      .childrenOf(owner.uid)
      .filter((child) => !wanted.has(`${child.kind} ${keyOf(child)}`));
    const obstacles: Finding[] = [];
    const attempt = async (
      what: KubeObject | Manifest,
      action: () => Promise<Finding | undefined>,
    ): Promise<void> => {
      try {
        const obstacle = await action();
        if (obstacle !== undefined && !obstacles.includes(obstacle)) obstacles.push(obstacle);
      } catch (error) {
        obstacles.push(refused(what, error));
      }
    };
    for (const child of surplus.filter(isScaler)) await attempt(child, () => remove(child));
    for (const object of objects) await attempt(object, () => apply(owner, object));
    // While something could not be made, what it was to replace goes on serving.
    if (obstacles.some((obstacle) => obstacle !== kedaMissing)) return obstacles;
    for (const child of surplus) if (!isScaler(child)) await attempt(child, () => remove(child));
    return obstacles;
  };
}

/** Whether we own `replicas` and would no longer. */
function givesUpReplicas(desired: Manifest, live: KubeObject): boolean {
  if (desired.kind !== deploymentKind.kind) return false;
  const ours = recordOf(fieldsOf(ourEntry(live) ?? {})['f:spec']);
  return ours['f:replicas'] !== undefined && recordOf(desired['spec'])['replicas'] === undefined;
}

const kedaMissing: Finding = {
  reason: 'KedaMissing',
  message:
    'kedaSpec is given, but KEDA is not installed (there is no kind ScaledObject): install KEDA, or remove kedaSpec; until then nothing scales the Deployment',
};

const named = ({ kind, metadata }: KubeObject): string => `the ${kind} ${metadata.name}`;

const nameTaken = (live: KubeObject, owner: Owner): Finding => ({
  reason: 'NameTaken',
  message: `${named(live)} is there already and does not belong to the SeldonDeployment ${fromKey(owner.key).name}: delete or rename one of the two`,
});

const beingDeleted = (live: KubeObject): Finding => ({
  reason: 'BeingDeleted',
  message: `${named(live)} is being deleted; it is made anew when it is gone`,
});

/** @throws the error, where it says nothing of the object */
function refused(what: KubeObject | Manifest, error: unknown): Finding {
  if (!isAboutObject(error)) throw error;
  const message = `${named(what)} was refused: ${error.message}`;
  return { reason: error.status === 403 ? 'Forbidden' : 'Refused', message };
}
