/** What the watches know: the SeldonDeployments, and what was made for them. */

import type { KubeObject } from '../kubernetes/kube-object.ts';
import type { ChangeKind, ReflectorEvent } from '../kubernetes/reflector.ts';
import { createChildIndex } from './child-index.ts';
import { createFresh } from './fresh.ts';
import {
  type ControllerMode,
  childKinds,
  isKeda,
  type Kind,
  seldonDeploymentKind,
} from './kinds.ts';
import { projectChild, projectSeldonDeployment } from './project.ts';
import {
  createWatchedKind,
  type KindState,
  type WatchedKind,
  type WatchedKindDeps,
} from './watched-kind.ts';

export interface CachesOptions {
  readonly mode: ControllerMode;
  readonly namespaces: readonly string[] | undefined;
  readonly resyncMs: number;
}

export interface CachesDeps
  extends Pick<WatchedKindDeps, 'client' | 'schedule' | 'now' | 'random' | 'log'> {
  /** A SeldonDeployment, or something of it, may have changed. */
  readonly changed: (key: string) => void;
  readonly count: (kind: string, event: ReflectorEvent) => void;
}

export interface Caches {
  readonly start: () => void;
  readonly close: () => Promise<void>;
  /** Whether reconciles can begin: everything is known that there is. */
  readonly synced: () => boolean;
  /** Of each kind. */
  readonly states: () => Readonly<Record<string, KindState>>;
  /** How long no loop of a kind has done anything, in ms: the longest of them. */
  readonly idleMs: () => number;
  readonly keys: () => readonly string[];
  readonly seldonDeployment: (key: string) => KubeObject | undefined;
  readonly child: (kind: string, key: string) => KubeObject | undefined;
  readonly childrenOf: (ownerUid: string) => readonly KubeObject[];
  readonly stateOf: (kind: Kind) => KindState;
  /** A write of ours gave this back. */
  readonly wrote: (object: KubeObject) => void;
}

const managedBySelector = 'app.kubernetes.io/managed-by=seldon-eventing';

/** A page of Deployments is then less than a megabyte of JSON, and ten times that once parsed. */
const pageSize = 100;
/** KEDA may be installed at any time; a question is one small request. */
const discoverMs = 10_000;
/** Until our own CRD is there, nothing else is to be done. */
const discoverOwnMs = 5_000;

export function createCaches(options: CachesOptions, deps: CachesDeps): Caches {
  const fresh = createFresh(deps.now);
  const index = createChildIndex();

  const watched = (
    kind: Kind,
    onChange: (key: string, cached: KubeObject | undefined, change: ChangeKind) => void,
  ) => {
    const isOwn = kind === seldonDeploymentKind;
    const it: WatchedKind = createWatchedKind(
      {
        kind,
        namespaces: options.namespaces,
        labelSelector: isOwn ? undefined : managedBySelector,
        resyncMs: options.resyncMs,
        pageSize,
        discoverMs: isOwn ? discoverOwnMs : discoverMs,
      },
      {
        ...deps,
        project: isOwn ? projectSeldonDeployment : projectChild,
        count: (event) => deps.count(kind.kind, event),
        onChange: (key, change) => {
          const cached = it.get(key);
          if (cached === undefined) fresh.gone(kind.kind, key);
          else fresh.seen(kind.kind, cached);
          onChange(key, cached, change);
        },
        // What waited for a kind goes on.
        onState: () => {
          for (const key of keys()) deps.changed(key);
        },
      },
    );
    return it;
  };

  const sdeps = watched(seldonDeploymentKind, (key) => deps.changed(key));
  const children = childKinds[options.mode].map((kind) =>
    watched(kind, (key, cached, change) => {
      const owners =
        cached === undefined ? index.remove({ kind: kind.kind, key }) : index.put(cached);
      // The SeldonDeployment's own resync looks at its children too.
      if (change === 'resync') return;
      for (const owner of owners) deps.changed(owner);
    }),
  );
  const all = [sdeps, ...children];
  const keys = (): readonly string[] =>
    sdeps.list().map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`);
  const child = (kind: string, key: string): KubeObject | undefined =>
    fresh.newest(kind, key, children.find((it) => it.kind.kind === kind)?.get(key));

  return {
    start: () => {
      for (const it of all) it.start();
    },
    close: async () => {
      await Promise.all(all.map((it) => it.close()));
    },
    synced: () =>
      all.every((it) => {
        const state = it.state();
        return state === 'synced' || (state === 'absent' && isKeda(it.kind));
      }),
    states: () => Object.fromEntries(all.map((it) => [it.kind.kind, it.state()])),
    idleMs: () => Math.max(...all.map((it) => deps.now() - it.lastActivity())),
    keys,
    seldonDeployment: (key) => fresh.newest(seldonDeploymentKind.kind, key, sdeps.get(key)),
    child,
    childrenOf: (ownerUid) => index.of(ownerUid).flatMap((id) => child(id.kind, id.key) ?? []),
    stateOf: (kind) => all.find((it) => it.kind.kind === kind.kind)?.state() ?? 'absent',
    wrote: (object) =>
      fresh.wrote(
        object.kind,
        object.kind === seldonDeploymentKind.kind
          ? projectSeldonDeployment(object)
          : projectChild(object),
      ),
  };
}
