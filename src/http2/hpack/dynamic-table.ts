/** The dynamic table: RFC 7541 §2.3.2 and §4. */

/** §4.1: what an entry counts beyond its name and value. */
export const entryOverheadBytes = 32;

export interface DynamicTable {
  /** Names and values by slot. */
  readonly names: readonly string[];
  readonly values: readonly string[];
  /** The number of entries. */
  length(): number;
  /** The slot of the n-th newest entry, from 1 on; -1 where there is none. */
  slot(newest: number): number;
  /** §4.4: evicts what does not fit beside it; what fits in no table empties it, and is no fault. */
  add(name: string, value: string): void;
  /** §4.3: a size of at most `maxBytes`, which the caller checks. Evicts what no longer fits. */
  resize(bytes: number): void;
}

/**
 * An empty table of `initialBytes`, which never grows beyond `maxBytes`. A ring: its slots are a power of
 * two, enough for as many empty entries as fit.
 */
export function createDynamicTable(maxBytes: number, initialBytes: number): DynamicTable {
  const slots = 2 ** Math.ceil(Math.log2(Math.max(1, maxBytes / entryOverheadBytes)));
  const mask = slots - 1;
  const names = new Array<string>(slots).fill('');
  const values = new Array<string>(slots).fill('');
  let limit = initialBytes;
  let bytes = 0;
  let length = 0;
  /** The slot of the next entry; the newest one stands just before it. */
  let next = 0;

  function evictTo(target: number): void {
    while (bytes > target) {
      const oldest = (next - length) & mask;
      bytes -=
        (names[oldest] as string).length + (values[oldest] as string).length + entryOverheadBytes;
      // Evicted strings are let go.
      names[oldest] = '';
      values[oldest] = '';
      length -= 1;
    }
  }

  return {
    names,
    values,
    length: () => length,
    slot: (newest) => (newest > length ? -1 : (next - newest) & mask),
    add(name, value) {
      const added = name.length + value.length + entryOverheadBytes;
      evictTo(Math.max(0, limit - added));
      if (added > limit) return;
      names[next] = name;
      values[next] = value;
      next = (next + 1) & mask;
      length += 1;
      bytes += added;
    },
    resize(newLimit) {
      limit = newLimit;
      evictTo(limit);
    },
  };
}
