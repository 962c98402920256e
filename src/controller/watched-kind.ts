/**
 * Copies of every object of one kind in the namespaces that are watched.
 *
 * A kind that the cluster does not serve is asked for again and again: its CRD may come later.
 */

import type { KubernetesClient } from '../kubernetes/client.ts';
import type { KubeObject } from '../kubernetes/kube-object.ts';
import {
  type ChangeKind,
  createReflector,
  type Reflector,
  type ReflectorDeps,
  type ReflectorEvent,
} from '../kubernetes/reflector.ts';
import type { Kind } from './kinds.ts';

export interface WatchedKindOptions {
  readonly kind: Kind;
  /** Undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  readonly labelSelector?: string | undefined;
  readonly resyncMs: number;
  readonly pageSize: number;
  /** How often a kind that is not served is asked for, in ms. */
  readonly discoverMs: number;
}

export interface WatchedKindDeps
  extends Pick<ReflectorDeps, 'schedule' | 'now' | 'random' | 'log'> {
  readonly client: Pick<KubernetesClient, 'list' | 'watch' | 'discover'>;
  readonly onChange: (key: string, change: ChangeKind) => void;
  /** The kind was found, or its first list is complete. */
  readonly onState: () => void;
  readonly count: (event: ReflectorEvent) => void;
  readonly project?: (object: KubeObject) => KubeObject;
}

export type KindState = 'unknown' | 'absent' | 'listing' | 'synced';

export interface WatchedKind {
  readonly kind: Kind;
  readonly start: () => void;
  readonly state: () => KindState;
  readonly get: (key: string) => KubeObject | undefined;
  readonly list: () => readonly KubeObject[];
  /** When its loops last did anything at all, failing included, on the `now` clock. */
  readonly lastActivity: () => number;
  readonly close: () => Promise<void>;
}

export function createWatchedKind(options: WatchedKindOptions, deps: WatchedKindDeps): WatchedKind {
  const { kind } = options;
  let reflectors: readonly Reflector[] = [];
  let state: KindState = 'unknown';
  let active = deps.now();
  let closed = false;
  let cancel = (): void => undefined;

  const reflect = (resource: NonNullable<Awaited<ReturnType<typeof deps.client.discover>>>) => {
    state = 'listing';
    const { namespaces, labelSelector, resyncMs, pageSize } = options;
    const count = (event: ReflectorEvent): void => {
      active = deps.now();
      deps.count(event);
    };
    reflectors = (namespaces ?? [undefined]).map((namespace) =>
      createReflector(
        { resource, namespace, labelSelector, resyncMs, pageSize },
        { ...deps, count },
      ),
    );
    for (const reflector of reflectors) reflector.start();
    Promise.all(reflectors.map((reflector) => reflector.synced())).then(
      () => {
        state = 'synced';
        deps.onState();
      },
      () => undefined, // Closed before.
    );
    deps.onState();
  };

  const find = async (): Promise<void> => {
    active = deps.now();
    try {
      const resource = await deps.client.discover(kind.apiVersion, kind.kind);
      if (closed) return;
      if (resource !== undefined) return reflect(resource);
      if (state !== 'absent') deps.log.info({ ...kind }, 'the cluster does not serve this kind');
      state = 'absent';
      deps.onState();
    } catch (error) {
      if (!closed)
        deps.log.warn({ ...kind, err: error }, 'could not ask for this kind; trying again');
    }
    if (!closed) cancel = deps.schedule(options.discoverMs, () => void find());
  };

  return {
    kind,
    start: () => void find(),
    state: () => state,
    get: (key) => {
      for (const reflector of reflectors) {
        const found = reflector.get(key);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    list: () => reflectors.flatMap((reflector) => reflector.list()),
    lastActivity: () =>
      Math.max(active, ...reflectors.map(({ lastProgress }) => lastProgress ?? 0)),
    close: async () => {
      closed = true;
      cancel();
      await Promise.all(reflectors.map((reflector) => reflector.close()));
    },
  };
}
