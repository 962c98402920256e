/**
 * Things in the order of their last use, at a constant cost for each step. A Map in that order would
 * do, but for V8, which leaves holes where entries were deleted and walks over them to the first.
 */

/** What can stand in one list at a time. */
export interface Listed<T> {
  older: T | undefined;
  newer: T | undefined;
}

export interface RecencyList<T> {
  readonly oldest: () => T | undefined;
  /** Puts it at the newest end; it must not be in the list. */
  readonly add: (item: T) => void;
  /** Takes it out; it must be in the list. */
  readonly remove: (item: T) => void;
}

/** Makes an empty list. */
export function createRecencyList<T extends Listed<T>>(): RecencyList<T> {
  let oldest: T | undefined;
  let newest: T | undefined;
  return {
    oldest: () => oldest,
    add: (item) => {
      item.older = newest;
      item.newer = undefined;
      if (newest === undefined) oldest = item;
      else newest.newer = item;
      newest = item;
    },
    remove: (item) => {
      const { older, newer } = item;
      if (older === undefined) oldest = newer;
      else older.newer = newer;
      if (newer === undefined) newest = older;
      else newer.older = older;
      item.older = undefined;
      item.newer = undefined;
    },
  };
}
