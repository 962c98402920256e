/**
 * One SeldonDeployment in managed mode, brought from where it is to where it should be.
 *
 * R1 Level-based: everything follows from what is there now, nothing from what was seen to happen.
 * R2 The address is written as soon as it is known, before anything is made: Knative looks for it.
 * R3 Nothing half-made: where a problem is known beforehand, nothing is applied.
 * R4 Deletion is the garbage collector's: owner references say what goes.
 */

import type { EventRecorder } from '../kubernetes/events.ts';
import type { KubeObject } from '../kubernetes/kube-object.ts';
import { announce } from './announce.ts';
import type { ApplyObjects } from './apply-objects.ts';
import type { Caches } from './caches.ts';
import { conditionTypes } from './conditions.ts';
import type { Contest } from './contest.ts';
import { viewDeployment } from './deployment-view.ts';
import { sameJson } from './json.ts';
import { deploymentKind } from './kinds.ts';
import { recordOf } from './live-object.ts';
import type { Memory } from './memory.ts';
import { againAfter, announced, contestedBy, rfc3339, tellTriggers } from './reconcile-parts.ts';
import type { CheckReferences } from './references.ts';
import type { Finding } from './render/finding.ts';
import type { Rendered } from './render/rendered.ts';
import { addressedDeployments, deploymentNames, podSelector } from './render-object.ts';
import { type AddressFields, addressFields, statusOf } from './status.ts';
import { partOf, wholeStatus } from './status-difference.ts';
import type { Triggers } from './triggers.ts';
import type { StatusWrite, WriteStatus } from './write-status.ts';

export interface ReconcileDeps {
  readonly caches: Caches;
  readonly render: (object: KubeObject) => Promise<Rendered>;
  readonly checkReferences: CheckReferences;
  readonly applyObjects: ApplyObjects;
  readonly writeStatus: WriteStatus;
  readonly contest: Contest;
  readonly memory: Memory;
  readonly triggers: Pick<Triggers, 'addressed'>;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly random: () => number;
  /** Ms since 1970. */
  readonly wallClock: () => number;
}

/** Rejects with what should be tried again after a backoff. */
export type Reconcile = (key: string) => Promise<{ readonly requeueAfterMs: number } | undefined>;

export function createReconcile(deps: ReconcileDeps): Reconcile {
  const { caches, contest, memory } = deps;

  const write = async (live: KubeObject, status: object): Promise<StatusWrite> => {
    const result = await deps.writeStatus(live, status);
    if (result.kind === 'written') announce(deps.recorder, live, status);
    return result;
  };

  const obstaclesOf = async (live: KubeObject, rendered: Rendered): Promise<Finding[]> => {
    const { namespace = '', name, uid = '' } = live.metadata;
    const missing = await deps.checkReferences(namespace, rendered.references);
    if (missing.length > 0) return missing;
    return deps.applyObjects({ uid, key: `${namespace}/${name}` }, rendered.objects);
  };

  const observe = (
    live: KubeObject,
    rendered: Rendered,
    obstacles: readonly Finding[] | undefined,
  ) => {
    const { namespace = '', generation = 0, uid = '' } = live.metadata;
    // Where the resource is not accepted, what was made of it before is still there.
    const names =
      rendered.problems.length > 0 ? deploymentsOf(caches, uid) : deploymentNames(rendered);
    return statusOf({
      selector: podSelector(rendered) ?? textOf(recordOf(live['status'])['selector']),
      generation,
      previous: live['status'],
      problems: rendered.problems,
      warnings: rendered.warnings,
      addresses: rendered.addresses,
      obstacles,
      deployments: names.map((each) =>
        viewDeployment(each, caches.child(deploymentKind.kind, `${namespace}/${each}`)),
      ),
      addressed: addressedDeployments(rendered),
      scaledByOthers: rendered.scaledByOthers,
      contested: contestedBy(live, contest),
      nowRfc3339: rfc3339(deps.wallClock()),
    });
  };

  /** R2. @returns the SeldonDeployment as it is then */
  const writeAddresses = async (
    live: KubeObject,
    rendered: Rendered,
    announcedUrl: string | undefined,
  ): Promise<KubeObject> => {
    if (rendered.problems.length > 0) return live;
    const previous = recordOf(live['status']);
    const addressing = addressFields(rendered.addresses, previous);
    // One that was right and is no longer was undone by somebody: the last write repairs it.
    if (announced(addressing.address) === announcedUrl || hasAddresses(previous, addressing))
      return live;
    const isNew = previous['conditions'] === undefined;
    const status = isNew
      ? observe(live, rendered, undefined)
      : partOf(previous, { fields: wholeStatus, types: conditionTypes.managed });
    const early = await write(live, { ...status, ...addressing });
    return early.kind === 'written' ? early.object : live;
  };

  return async (key) => {
    const found = caches.seldonDeployment(key);
    if (found === undefined) {
      const known = memory.forget(key);
      if (known !== undefined) contest.forget(known.uid);
      return undefined;
    }
    if (found.metadata.deletionTimestamp !== undefined) return undefined;
    const uid = found.metadata.uid ?? '';
    const rendered = await deps.render(found);
    const before = memory.of(key, uid);
    const live = await writeAddresses(found, rendered, before.announcedUrl);
    const obstacles = rendered.problems.length > 0 ? [] : await obstaclesOf(live, rendered);
    const status = observe(live, rendered, obstacles);
    const result = await write(live, status);
    const obstructed = obstacles.length > 0 ? before.obstructed + 1 : 0;
    const announcedUrl = tellTriggers(live, status, before.announcedUrl, deps.triggers);
    memory.remember(key, { uid, obstructed, announcedUrl });
    return againAfter(obstructed, result, deps.random);
  };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const hasAddresses = (status: Readonly<Record<string, unknown>>, wanted: AddressFields): boolean =>
  Object.entries(wanted).every(([field, value]) => sameJson(status[field], value));

const deploymentsOf = (caches: Pick<Caches, 'childrenOf'>, ownerUid: string): string[] =>
  caches
    .childrenOf(ownerUid)
    .filter(({ kind }) => kind === deploymentKind.kind)
    .map(({ metadata }) => metadata.name)
    .sort();
