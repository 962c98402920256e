/**
 * How often records have failed, over rebalances: a record that comes back to the same process goes
 * on counting where it was. Else members that leave and rejoin over records which only fail (see
 * absence.ts) would begin at nought each time, and the records would never be given up.
 */

import type { Entry } from './partition.ts';

export interface AttemptMemory {
  /** A failure counted against the entry. */
  readonly remember: (entry: Entry) => void;
  /** Gives an entry that was never run what is known of its record. */
  readonly recall: (entry: Entry) => void;
  /** The entry has its verdict. */
  readonly forget: (entry: Entry) => void;
}

type Counts = Pick<Entry, 'attempts' | 'counted'>;

/** Records whose failures are known, all partitions together; beyond, the oldest are forgotten. */
const mostRecords = 10_000;

/** The timestamp too: a topic that was made anew has the same offsets. */
const nameOf = ({ record }: Entry): string =>
  `${record.topic}/${record.partition}/${record.offset}@${record.timestamp}`;

/** Knows nothing yet. */
export function createAttemptMemory(): AttemptMemory {
  const known = new Map<string, Counts>();
  return {
    remember: (entry) => {
      const name = nameOf(entry);
      known.delete(name);
      known.set(name, { attempts: entry.attempts, counted: entry.counted });
      if (known.size <= mostRecords) return;
      for (const oldest of known.keys()) {
        known.delete(oldest);
        break;
      }
    },
    recall: (entry) => {
      if (known.size === 0) return;
      const counts = known.get(nameOf(entry));
      if (counts === undefined) return;
      entry.attempts = counts.attempts;
      entry.counted = counts.counted;
    },
    forget: (entry) => {
      if (known.size > 0) known.delete(nameOf(entry));
    },
  };
}
