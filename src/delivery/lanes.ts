/**
 * One lane for each key: the items of a key go one after another, those of different keys do not
 * wait for each other (ordering `key`, design.md §3.4). Items without a key share one lane.
 *
 * L1 At most one item of a lane has left its queue and not given its place back.
 * L2 Every step costs the same, however long the lane: a hot key must not slow the others down.
 * L3 A lane that is empty is forgotten.
 */

import { Buffer } from 'node:buffer';

/** The key's bytes, one character each; null for those without a key. */
export type LaneKey = string | null;

export interface InLane<Item> {
  /** The next one in the same lane. */
  behind: Item | undefined;
}

export interface Lanes<Item extends InLane<Item>> {
  /** Puts an item at the end of its lane; returns whether it is alone there and may go. */
  readonly enter: (key: LaneKey, item: Item) => boolean;
  /** The first item of its lane gives its place back; returns the one that may go now. */
  readonly leave: (key: LaneKey, item: Item) => Item | undefined;
  /** Lanes with items in them. */
  readonly size: () => number;
}

/** Makes lanes without items. */
export function createLanes<Item extends InLane<Item>>(): Lanes<Item> {
  const last = new Map<LaneKey, Item>();
  return {
    enter: (key, item) => {
      const before = last.get(key);
      last.set(key, item);
      if (before === undefined) return true;
      before.behind = item;
      return false;
    },
    leave: (key, item) => {
      const next = item.behind;
      if (next === undefined) last.delete(key);
      item.behind = undefined;
      return next;
    },
    size: () => last.size,
  };
}

/** The lane of a record's key. */
export function laneKey(key: Uint8Array | null): LaneKey {
  if (key === null) return null;
  const bytes = Buffer.isBuffer(key)
    ? key
    : Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  return bytes.toString('latin1');
}
