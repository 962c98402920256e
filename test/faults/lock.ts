/** Lets one at a time at something that several faults may want. */

export interface Lock {
  /** Waits for its turn, runs, and lets the next one in, however it ends. */
  readonly hold: <Result>(action: () => Promise<Result>) => Promise<Result>;
}

/** Makes a lock that nobody holds. */
export function createLock(): Lock {
  let last: Promise<unknown> = Promise.resolve();
  return {
    hold: (action) => {
      const mine = last.then(action);
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}

/** Holds all of them, taken in the order given. */
export const holdAll = <Result>(
  locks: readonly Lock[],
  action: () => Promise<Result>,
): Promise<Result> => {
  const [first, ...rest] = locks;
  return first === undefined ? action() : first.hold(() => holdAll(rest, action));
};
