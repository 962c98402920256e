/** The readiness of several services that are needed together: a graph's, from its nodes' own. */

import type { Readiness } from './readiness.ts';

/** @param parts by what they are called in the reason */
export function readinessOfAll(parts: ReadonlyMap<string, Readiness>): Readiness {
  const all = [...parts.values()];
  return {
    ready: () => all.every((part) => part.ready()),
    reason: () => {
      const waiting = [...parts].filter(([, part]) => !part.ready());
      if (waiting.length === 0) return `all ${all.length} nodes are ready`;
      return waiting.map(([name, part]) => `${name}: ${part.reason()}`).join('; ');
    },
    start: () => {
      for (const part of all) part.start();
    },
    close: () => {
      for (const part of all) part.close();
    },
  };
}
