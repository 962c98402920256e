/** Looks at everything that a SeldonDeployment's events pass through, or that decides over it. */

import { authenticationNames, type TargetKey, targetKeys } from '../doctor/check-authentication.ts';
import { referenceKey } from '../doctor/check-references.ts';
import { scaledObjectsOf } from '../doctor/check-scaling.ts';
import { at } from '../doctor/reading.ts';
import type { Looked, Snapshot } from '../doctor/snapshot.ts';
import { keyOf, type Subject, serviceOf, subjectOf } from '../doctor/subject.ts';
import { triggersOf } from '../doctor/trigger.ts';
import {
  brokerKind,
  deploymentKind,
  hpaKind,
  type Kind,
  scaledObjectKind,
  seldonDeploymentKind,
  serviceKind,
  triggerAuthenticationKind,
  triggerKind,
} from '../kinds.ts';
import { recordOf } from '../live-object.ts';
import type { PlainObject } from '../render/canonical.ts';
import type { Reference, RenderSettings } from '../render/rendered.ts';
import { createLook, type Look, type LookClient } from './look.ts';

export interface GatherOptions {
  readonly namespace: string;
  readonly name: string;
  readonly leaseNamespace: string;
  readonly leaseName: string;
  readonly settings: RenderSettings;
}

export interface GatherDeps {
  readonly client: LookClient;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  readonly signal: AbortSignal;
}

const leaseKind: Kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
const clusterRoleKind: Kind = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' };
const endpointSliceKind: Kind = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' };
const podKind: Kind = { apiVersion: 'v1', kind: 'Pod' };

/** @throws KubernetesApiError where the API server cannot be reached, or takes us for nobody */
export async function gatherSnapshot(options: GatherOptions, deps: GatherDeps): Promise<Snapshot> {
  const { namespace, name, leaseNamespace, leaseName, settings } = options;
  const look = createLook(deps.client, deps.signal);
  const resource = await look.get(seldonDeploymentKind, namespace, name);
  const empty = emptySnapshot(options, deps.wallClock(), resource);
  if (resource.kind !== 'seen') return empty;
  const subject = subjectOf(namespace, name, resource.value, settings);
  const labelSelector = labelFor(subject);
  const [lease, triggers, clusterRoles, deployments, pods, scaledObjects, hpas, behind] =
    await Promise.all([
      look.get(leaseKind, leaseNamespace, leaseName),
      lookAtTriggers(look, namespace),
      look.list(clusterRoleKind, { labelSelector: 'duck.knative.dev/addressable=true' }),
      look.list(deploymentKind, { namespace, labelSelector }),
      look.list(podKind, { namespace, labelSelector }),
      look.list(scaledObjectKind, { namespace }),
      look.list(hpaKind, { namespace }),
      lookBehindAddresses(look, subject),
    ]);
  const first: Snapshot = {
    ...empty,
    ...behind,
    ...triggers,
    lease,
    clusterRoles,
    deployments,
    pods,
    scaledObjects,
    hpas,
  };
  const [brokers, authentication] = await Promise.all([
    lookAtBrokers(look, first, subject),
    lookAtAuthentication(look, first, subject),
  ]);
  return { ...first, brokers, ...authentication };
}

function emptySnapshot(
  { namespace, name, leaseNamespace, leaseName }: GatherOptions,
  nowMs: number,
  resource: Looked<PlainObject>,
): Snapshot {
  const unasked = { kind: 'unseen', reason: 'it was not asked for' } as const;
  return {
    namespace,
    name,
    nowMs,
    resource,
    lease: unasked,
    leaseNamespace,
    leaseName,
    triggers: unasked,
    triggersElsewhere: undefined,
    brokers: new Map(),
    clusterRoles: unasked,
    services: new Map(),
    endpointSlices: new Map(),
    deployments: unasked,
    pods: unasked,
    keys: new Map(),
    scaledObjects: unasked,
    hpas: unasked,
    triggerAuthentications: new Map(),
    kafka: undefined,
  };
}

const labelFor = ({ podLabel }: Subject): string => `seldon-deployment-id=${podLabel}`;

/** Of the whole cluster, where that is allowed: any namespace's Trigger may name a subscriber here. */
async function lookAtTriggers(
  look: Look,
  namespace: string,
): Promise<Pick<Snapshot, 'triggers' | 'triggersElsewhere'>> {
  const all = await look.list(triggerKind, {});
  if (all.kind !== 'unseen') return { triggers: all, triggersElsewhere: undefined };
  const here = await look.list(triggerKind, { namespace });
  return {
    triggers: here,
    triggersElsewhere: here.kind === 'unseen' ? undefined : all.reason,
  };
}

async function lookBehindAddresses(
  look: Look,
  { addresses }: Subject,
): Promise<Pick<Snapshot, 'services' | 'endpointSlices'>> {
  const names = addresses.flatMap(({ url }) => serviceOf(url) ?? []);
  const unique = [...new Map(names.map((name) => [keyOf(name), name])).values()];
  const found = await Promise.all(
    unique.map(async (service) => {
      const { namespace, name } = service;
      const labelSelector = `kubernetes.io/service-name=${name}`;
      const [object, slices] = await Promise.all([
        look.get(serviceKind, namespace, name),
        look.list(endpointSliceKind, { namespace, labelSelector }),
      ]);
      return { key: keyOf(service), object, slices };
    }),
  );
  return {
    services: new Map(found.map(({ key, object }) => [key, object])),
    endpointSlices: new Map(found.map(({ key, slices }) => [key, slices])),
  };
}

async function lookAtBrokers(
  look: Look,
  snapshot: Snapshot,
  subject: Subject,
): Promise<Snapshot['brokers']> {
  const names = new Set(triggersOf(snapshot, subject).map(({ broker }) => broker));
  return lookedUp([...names], (key) => {
    const [namespace = '', name = ''] = key.split('/');
    return look.get(brokerKind, namespace, name);
  });
}

async function lookAtAuthentication(
  look: Look,
  snapshot: Snapshot,
  subject: Subject,
): Promise<Pick<Snapshot, 'triggerAuthentications' | 'keys'>> {
  const { namespace, references } = subject;
  const names = new Set(scaledObjectsOf(snapshot, subject).flatMap(authenticationNames));
  const triggerAuthentications = await lookedUp([...names], (name) =>
    look.get(triggerAuthenticationKind, namespace, name),
  );
  const targets = [...triggerAuthentications.values()].flatMap((looked): TargetKey[] =>
    looked.kind === 'seen' ? targetKeys(looked.value) : [],
  );
  const wanted = new Map<string, Pick<Reference, 'kind' | 'name'>>(
    [...references, ...targets].map((each) => [referenceKey(each), each]),
  );
  const keys = await lookedUp([...wanted.keys()], async (key): Promise<Looked<string[]>> => {
    const { kind, name } = wanted.get(key) ?? { kind: 'Secret', name: '' };
    const looked = await look.get({ apiVersion: 'v1', kind }, namespace, name);
    if (looked.kind !== 'seen') return looked;
    // Only the names of keys are kept, never a value.
    const parts = ['data', 'binaryData'].map((part) => recordOf(at(looked.value, part)));
    return { kind: 'seen', value: parts.flatMap((part) => Object.keys(part)) };
  });
  return { triggerAuthentications, keys };
}

async function lookedUp<T>(
  keys: readonly string[],
  ask: (key: string) => Promise<T>,
): Promise<ReadonlyMap<string, T>> {
  const found = await Promise.all(keys.map(async (key) => [key, await ask(key)] as const));
  return new Map(found);
}
