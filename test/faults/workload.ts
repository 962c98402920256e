/**
 * What is sent: record number n is the same record in every run, so that its answer is known.
 * Pure.
 */

import type { Ordering } from '../../src/delivery/releaser.ts';
import { predictProbabilities } from '../../src/demo/iris/model.ts';

/** Marks in a record's payload; the predictor's switches look for them. */
export const marks = { poison: 'POISON', refuse: 'REFUSE' } as const;
export type Mark = (typeof marks)[keyof typeof marks] | '';

export interface SentRecord {
  readonly key: string | null;
  /** Where it has no key. */
  readonly partition?: number;
  readonly value: string;
  readonly headers: Record<string, string>;
}

/** Some records can never be predicted on. */
export function markOf(n: number): Mark {
  if (n % 500 === 137) return marks.poison;
  return n % 500 === 373 ? marks.refuse : '';
}

/** Compaction takes these away as soon as another one of the same key comes. */
export const isFiller = (n: number): boolean => n % 10 === 5;
const fillerKeys = 4;
const orderedKeys = 200;

/** A compacted topic takes no record without a key, and would drop all but the last of a key. */
export const isCompacted = (ordering: Ordering): boolean => ordering !== 'key';

function keyOf(n: number, ordering: Ordering): string | null {
  if (isCompacted(ordering)) return isFiller(n) ? `filler-${n % fillerKeys}` : `key-${n}`;
  return n % 50 === 7 ? null : `key-${n % orderedKeys}`;
}

/** Measurements of a flower, different for each number below a million. */
const rowOf = (n: number): number[] => [
  4 + (n % 1_000) / 500,
  2 + (Math.floor(n / 1_000) % 1_000) / 500,
  1 + (n % 7) / 2,
  (n % 5) / 2,
];

/** Record number `n` as a binary-mode event. */
export function sentRecord(n: number, ordering: Ordering, partitions: number): SentRecord {
  const key = keyOf(n, ordering);
  return {
    key,
    ...(key === null && { partition: n % partitions }),
    value: JSON.stringify({ data: { ndarray: [rowOf(n)] }, meta: { tags: { mark: markOf(n) } } }),
    headers: {
      ce_specversion: '1.0',
      ce_id: String(n),
      ce_source: 'faults',
      ce_type: 'seldon.iris.default.request',
      'content-type': 'application/json',
    },
  };
}

/** The number in a record's id; NaN where it is none of ours, or must not be seen. */
export const numberOf = (id: string | undefined): number =>
  id !== undefined && /^\d+$/.test(id) ? Number(id) : Number.NaN;

/** Whether the value of an output is the answer to record number `n`. */
export function isAnswerTo(n: number, value: string | null): boolean {
  const wanted = predictProbabilities(rowOf(n));
  try {
    const [row] = JSON.parse(value ?? '').data.ndarray;
    return Array.isArray(row) && wanted.every((p, i) => Math.abs(p - row[i]) < 1e-9);
  } catch {
    return false;
  }
}
