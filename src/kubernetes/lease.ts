/** A Lease (`coordination.k8s.io/v1`), as leader election reads and writes it. */

import type { KubeObject, ObjectRef } from './kube-object.ts';

/** What a Lease says about who leads. */
export interface LeaseRecord {
  /** Undefined where it was given back. */
  readonly holder: string | undefined;
  /** For how long after a renewal others wait, in ms; undefined where it says nothing usable. */
  readonly durationMs: number | undefined;
  readonly transitions: number;
  readonly acquireTime: string | undefined;
}

export const leaseRef = (namespace: string, name: string): ObjectRef => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  namespace,
  name,
});

export function readLease(lease: KubeObject): LeaseRecord {
  const spec = (lease['spec'] ?? {}) as Readonly<Record<string, unknown>>;
  const seconds = spec['leaseDurationSeconds'];
  const transitions = spec['leaseTransitions'];
  return {
    holder: textOf(spec['holderIdentity']),
    durationMs: typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : undefined,
    transitions: typeof transitions === 'number' ? transitions : 0,
    acquireTime: textOf(spec['acquireTime']),
  };
}

/**
 * The Lease as held by `identity` from now on; other fields stay, its version among them.
 * @param wallClockMs since 1970
 */
export function heldLease(
  lease: KubeObject,
  identity: string,
  leaseMs: number,
  wallClockMs: number,
): KubeObject {
  const { holder, transitions, acquireTime } = readLease(lease);
  const time = microTime(wallClockMs);
  const kept = holder === identity;
  return {
    ...lease,
    spec: {
      ...(lease['spec'] as object | undefined),
      holderIdentity: identity,
      // Whole seconds are all there are, and it must not be 0.
      leaseDurationSeconds: Math.max(1, Math.ceil(leaseMs / 1_000)),
      acquireTime: kept ? (acquireTime ?? time) : time,
      renewTime: time,
      leaseTransitions: transitions + (kept ? 0 : 1),
    },
  };
}

/** A Lease that nobody made yet; its first holder is no transition. */
export function newLease(
  ref: ObjectRef,
  identity: string,
  leaseMs: number,
  wallClockMs: number,
): KubeObject {
  const { apiVersion, kind, name, namespace } = ref;
  const metadata = { name, ...(namespace !== undefined && { namespace }) };
  const empty = { apiVersion, kind, metadata, spec: { leaseTransitions: -1 } };
  return heldLease(empty, identity, leaseMs, wallClockMs);
}

/** Given back as client-go gives it back: no holder, and a duration that nobody waits for. */
export function releasedLease(lease: KubeObject, wallClockMs: number): KubeObject {
  const { transitions } = readLease(lease);
  const time = microTime(wallClockMs);
  const spec = { acquireTime: time, renewTime: time };
  return { ...lease, spec: { ...spec, leaseDurationSeconds: 1, leaseTransitions: transitions } };
}

/** Kubernetes' MicroTime, which is refused with any other number of digits. */
export const microTime = (wallClockMs: number): string =>
  new Date(wallClockMs).toISOString().replace('Z', '000Z');

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
