/** Which kinds the cluster serves: known ones at once, others as the server says. */

import type { Now } from '../delivery/ports.ts';
import type { ApiResource } from './kube-object.ts';

export interface DiscoveryDeps {
  /** The resources of one group and version; undefined where the cluster does not serve it. */
  readonly fetch: (apiVersion: string) => Promise<readonly ApiResource[] | undefined>;
  readonly now: Now;
}

export interface Discovery {
  readonly find: (apiVersion: string, kind: string) => Promise<ApiResource | undefined>;
  /** The kind was not there after all. */
  readonly forget: (apiVersion: string) => void;
}

/** An absent kind is asked for again after so long: CRDs are installed while we run. */
const askAgainMs = 2_000;

/** Served by every Kubernetes that is supported, so that electing and telling need nothing else. */
const alwaysThere: readonly ApiResource[] = [
  { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true },
  { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false },
  { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true },
  { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true },
  { apiVersion: 'v1', kind: 'Service', plural: 'services', namespaced: true },
  { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments', namespaced: true },
  {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    plural: 'horizontalpodautoscalers',
    namespaced: true,
  },
  { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', plural: 'leases', namespaced: true },
  { apiVersion: 'events.k8s.io/v1', kind: 'Event', plural: 'events', namespaced: true },
];

interface Known {
  readonly at: number;
  readonly kinds: ReadonlyMap<string, ApiResource>;
}

export function createDiscovery({ fetch, now }: DiscoveryDeps): Discovery {
  const known = new Map<string, Known>();
  const asking = new Map<string, Promise<Known>>();

  const ask = async (apiVersion: string): Promise<Known> => {
    const resources = (await fetch(apiVersion)) ?? [];
    const answer = { at: now(), kinds: new Map(resources.map((found) => [found.kind, found])) };
    known.set(apiVersion, answer);
    return answer;
  };

  /** Several callers ask once. */
  const askOnce = (apiVersion: string): Promise<Known> => {
    const underWay = asking.get(apiVersion);
    if (underWay !== undefined) return underWay;
    const asked = ask(apiVersion).finally(() => asking.delete(apiVersion));
    asking.set(apiVersion, asked);
    return asked;
  };

  return {
    find: async (apiVersion, kind) => {
      const certain = alwaysThere.find((r) => r.apiVersion === apiVersion && r.kind === kind);
      if (certain !== undefined) return certain;
      const before = known.get(apiVersion);
      const found = before?.kinds.get(kind);
      if (found !== undefined) return found;
      if (before !== undefined && now() - before.at < askAgainMs) return undefined;
      return (await askOnce(apiVersion)).kinds.get(kind);
    },
    forget: (apiVersion) => {
      known.delete(apiVersion);
    },
  };
}

/** An `APIResourceList`; subresources (`deployments/status`) are left out. */
export function decodeResources(apiVersion: string, value: unknown): readonly ApiResource[] {
  const { resources } = (value ?? {}) as { readonly resources?: unknown };
  if (!Array.isArray(resources)) return [];
  return resources.flatMap((entry: Partial<Record<string, unknown>> | null) => {
    const { name, kind, namespaced } = entry ?? {};
    if (typeof name !== 'string' || typeof kind !== 'string' || name.includes('/')) return [];
    return [{ apiVersion, kind, plural: name, namespaced: namespaced === true }];
  });
}
