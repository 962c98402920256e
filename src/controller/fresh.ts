/**
 * What our own writes gave back, over what the watch has told so far.
 *
 * A watch lags behind a write: without this, the reconcile after a write would see the object as it
 * was, take it for somebody's interference, and write again.
 */

import { type KubeObject, keyOf } from '../kubernetes/kube-object.ts';
import { isNewer } from './live-object.ts';

export interface Fresh {
  /** A write of ours left the object like this. */
  readonly wrote: (kind: string, object: KubeObject) => void;
  /** The newer of what the cache has and what we wrote. */
  readonly newest: (
    kind: string,
    key: string,
    cached: KubeObject | undefined,
  ) => KubeObject | undefined;
  /** The watch told of it. */
  readonly seen: (kind: string, object: KubeObject) => void;
  /** The watch told that it is gone: whoever wants it asks the API server. */
  readonly gone: (kind: string, key: string) => void;
}

/** By then every watch has caught up, or was replaced by a new list. */
const forgetAfterMs = 60_000;

/** @param now a clock in ms that never goes back */
export function createFresh(now: () => number): Fresh {
  const written = new Map<string, { object: KubeObject; at: number }>();
  const idOf = (kind: string, key: string): string => `${kind} ${key}`;

  return {
    wrote: (kind, object) => {
      written.set(idOf(kind, keyOf(object)), { object, at: now() });
    },
    newest: (kind, key, cached) => {
      const own = written.get(idOf(kind, key));
      if (own === undefined) return cached;
      if (cached === undefined && now() - own.at < forgetAfterMs) return own.object;
      if (cached !== undefined && isNewer(own.object, cached)) return own.object;
      written.delete(idOf(kind, key));
      return cached;
    },
    seen: (kind, object) => {
      const id = idOf(kind, keyOf(object));
      const own = written.get(id);
      if (own !== undefined && !isNewer(own.object, object)) written.delete(id);
    },
    gone: (kind, key) => {
      written.delete(idOf(kind, key));
    },
  };
}
