/** Whether the controller's loops make progress, for the probe that restarts it where they do not. */

export interface LivenessDeps {
  readonly now: () => number;
  /** How long no list-and-watch loop has done anything, failing included, in ms. */
  readonly watchIdleMs: () => number;
}

export interface Liveness {
  /** A reconcile has begun. @returns what is to be called at its end */
  readonly began: (key: string) => () => void;
  /** What stands still; undefined where nothing does. */
  readonly stuck: () => string | undefined;
}

/** A watch without a byte is given up, and tried anew, far sooner. */
const maxWatchIdleMs = 600_000;
/** A reconcile is some dozen requests of 30 s at most, nearly always of milliseconds. */
const maxReconcileMs = 600_000;

export function createLiveness({ now, watchIdleMs }: LivenessDeps): Liveness {
  const running = new Map<symbol, { readonly key: string; readonly at: number }>();
  return {
    began: (key) => {
      const id = Symbol(key);
      running.set(id, { key, at: now() });
      return () => void running.delete(id);
    },
    stuck: () => {
      if (watchIdleMs() > maxWatchIdleMs) return 'a watch has stood still for ten minutes';
      const stuck = [...running.values()].find(({ at }) => now() - at > maxReconcileMs);
      return stuck && `the reconcile of ${stuck.key} has not ended for ten minutes`;
    },
  };
}
