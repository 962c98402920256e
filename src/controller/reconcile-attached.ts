/**
 * One SeldonDeployment in attached mode, beside Seldon's operator: its addresses, and KEDA's objects
 * where that operator has not made them. Everything else is the other's.
 */

import type { KubernetesClient } from '../kubernetes/client.ts';
import { type KubeObject, keyOf, refOf } from '../kubernetes/kube-object.ts';
import { announce } from './announce.ts';
import { appliedHashOf } from './applied.ts';
import { attachedStatusOf } from './attached-status.ts';
import { isKeda, scaledObjectKind } from './kinds.ts';
import { recordOf } from './live-object.ts';
import { ownsStatusField } from './project.ts';
import type { Reconcile, ReconcileDeps } from './reconcile.ts';
import { againAfter, contestedBy, rfc3339, tellTriggers } from './reconcile-parts.ts';
import type { Finding } from './render/finding.ts';
import type { Manifest } from './render/manifest.ts';
import type { Rendered } from './render/rendered.ts';
import { type AddressFields, addressFields } from './status.ts';

export interface ReconcileAttachedDeps extends Omit<ReconcileDeps, 'checkReferences'> {
  readonly client: Pick<KubernetesClient, 'get'>;
}

export function createReconcileAttached(deps: ReconcileAttachedDeps): Reconcile {
  const { caches, client, contest, memory } = deps;

  /** Whether a ScaledObject is the other's: it made it, whatever is in it. */
  const isOthers = async (scaledObject: Manifest): Promise<boolean> => {
    if (caches.stateOf(scaledObjectKind) === 'absent') return false;
    const cached = caches.child(scaledObject.kind, keyOf(scaledObject));
    const live = cached ?? (await client.get(refOf(scaledObject)));
    return live !== undefined && appliedHashOf(live) === undefined;
  };

  const kedaObjects = async ({ objects }: Rendered): Promise<Manifest[]> => {
    const ours: Manifest[] = [];
    for (const object of objects) {
      if (object.kind === scaledObjectKind.kind && !(await isOthers(object))) ours.push(object);
    }
    const needed = new Set(ours.flatMap(authenticationNames));
    return objects.filter(
      (object) => ours.includes(object) || (isKeda(object) && needed.has(object.metadata.name)),
    );
  };

  const applyKeda = async (
    live: KubeObject,
    rendered: Rendered,
  ): Promise<readonly Finding[] | undefined> => {
    if (rendered.problems.length > 0) return undefined;
    const { namespace = '', name, uid = '' } = live.metadata;
    const objects = await kedaObjects(rendered);
    const owner = { uid, key: `${namespace}/${name}` };
    const obstacles = await deps.applyObjects(owner, objects);
    return objects.length === 0 && obstacles.length === 0 ? undefined : obstacles;
  };

  return async (key) => {
    const live = caches.seldonDeployment(key);
    if (live === undefined) {
      const known = memory.forget(key);
      if (known !== undefined) contest.forget(known.uid);
      return undefined;
    }
    if (live.metadata.deletionTimestamp !== undefined) return undefined;
    const uid = live.metadata.uid ?? '';
    const rendered = await deps.render(live);
    const obstacles = await applyKeda(live, rendered);
    const status = attachedStatusOf({
      generation: live.metadata.generation ?? 0,
      previous: live['status'],
      owns: (field) => ownsStatusField(live, field),
      problems: rendered.problems,
      warnings: rendered.warnings,
      addresses: rendered.addresses,
      obstacles,
      contested: contestedBy(live, contest),
      nowRfc3339: rfc3339(deps.wallClock()),
    });
    const result = await deps.writeStatus(live, status);
    if (result.kind === 'written') announce(deps.recorder, live, status);
    const before = memory.of(key, uid);
    const obstructed = (obstacles ?? []).length > 0 ? before.obstructed + 1 : 0;
    const announcedUrl = tellTriggers(
      live,
      currentAddress(live, status),
      before.announcedUrl,
      deps.triggers,
    );
    memory.remember(key, { uid, obstructed, announcedUrl });
    return againAfter(obstructed, result, deps.random);
  };
}

/** Ours, or the other's that we left alone. */
const currentAddress = (live: KubeObject, { address }: AddressFields): AddressFields =>
  address === undefined ? addressFields([], live['status']) : { address };

const authenticationNames = (scaledObject: Manifest): string[] => {
  const { triggers } = recordOf(scaledObject['spec']);
  if (!Array.isArray(triggers)) return [];
  return triggers.map((trigger) =>
    String(recordOf(recordOf(trigger)['authenticationRef'])['name'] ?? ''),
  );
};
