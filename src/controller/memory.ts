/** What is remembered of each SeldonDeployment between reconciles; losing it costs nothing but time. */

export interface Remembered {
  readonly uid: string;
  /** Reconciles in a row that something stood in the way of. */
  readonly obstructed: number;
  /** The address that Triggers were last told of. */
  readonly announcedUrl: string | undefined;
}

export interface Memory {
  /** @param uid a SeldonDeployment of the same name that came after is another one */
  readonly of: (key: string, uid: string) => Remembered;
  readonly remember: (key: string, what: Remembered) => void;
  /** @returns what was remembered */
  readonly forget: (key: string) => Remembered | undefined;
}

export function createMemory(): Memory {
  const all = new Map<string, Remembered>();
  return {
    of: (key, uid) => {
      const known = all.get(key);
      if (known?.uid === uid) return known;
      return { uid, obstructed: 0, announcedUrl: undefined };
    },
    remember: (key, what) => void all.set(key, what),
    forget: (key) => {
      const known = all.get(key);
      all.delete(key);
      return known;
    },
  };
}
