/** Short ways to make input records, shared by the suites of the core. */

import type { InputRecord } from '../../../src/delivery/record.ts';

export const topic = 'in';

export const record = (
  partition: number,
  offset: number,
  parts: Partial<InputRecord> = {},
): InputRecord => ({
  topic,
  partition,
  offset,
  timestamp: '1',
  key: null,
  value: new Uint8Array(4),
  headers: {},
  ...parts,
});

/** Records at these offsets. */
export const records = (partition: number, offsets: readonly number[]): InputRecord[] =>
  offsets.map((offset) => record(partition, offset));

/** The whole numbers from `from` up to and without `to`. */
export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);
