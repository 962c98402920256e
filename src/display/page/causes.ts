/**
 * Finds the request that a reply event answers, by `causationid`, and how long it took, from one
 * arrival here to the other. Pure.
 *
 * C1 A reply does not say of which source its request was, and only source and id together are
 *    unique: where several sources used the id, the newest is taken and called ambiguous.
 * C2 What is remembered is bounded in number and in characters; the oldest is forgotten first.
 */

import type { Event } from '../../event/event.ts';

export interface Cause {
  readonly source: string;
  readonly latencyMs: number;
  /** Events of other sources had the same id. */
  readonly isAmbiguous: boolean;
}

export interface Causes {
  /** Remembers that the event came. */
  readonly note: (event: Event, nowMs: number) => void;
  /** @returns undefined where the event says of no cause, or of one that was not seen */
  readonly find: (event: Event, nowMs: number) => Cause | undefined;
  readonly size: () => number;
}

export interface CausesOptions {
  readonly maxEvents: number;
  /** Of ids and sources together. */
  readonly maxCharacters: number;
}

/** Longer ids and sources are nobody's in practice, and are not remembered. */
const maxLength = 1_024;

interface Seen {
  readonly id: string;
  readonly source: string;
  readonly atMs: number;
  readonly isAmbiguous: boolean;
}

export function createCauses({ maxEvents, maxCharacters }: CausesOptions): Causes {
  const seen = new Map<string, Seen>();
  // In the order of their arrival, from `oldest` on. A map keeps that order too, but finds its
  // first entry only past all those that were deleted before it.
  let queue: Seen[] = [];
  let oldest = 0;
  let characters = 0;
  const forgetOldest = () => {
    const one = queue[oldest];
    oldest += 1;
    if (one === undefined) return;
    characters -= one.id.length + one.source.length;
    if (seen.get(one.id) === one) seen.delete(one.id);
    if (oldest < maxEvents) return;
    queue = queue.slice(oldest);
    oldest = 0;
  };
  return {
    note({ id, source }, nowMs) {
      if (id.length > maxLength || source.length > maxLength) return;
      const before = seen.get(id);
      const isAmbiguous = before !== undefined && (before.isAmbiguous || before.source !== source);
      const one = { id, source, atMs: nowMs, isAmbiguous };
      seen.set(id, one);
      queue.push(one);
      characters += id.length + source.length;
      while (queue.length - oldest > maxEvents || characters > maxCharacters) forgetOldest();
    },
    find({ attributes }, nowMs) {
      const id = attributes.get('causationid');
      const request = id === undefined ? undefined : seen.get(String(id));
      if (request === undefined) return undefined;
      const { source, isAmbiguous } = request;
      return { source, latencyMs: Math.max(0, nowMs - request.atMs), isAmbiguous };
    },
    size: () => seen.size,
  };
}
