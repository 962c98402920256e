/** How deep a JSON value is nested: JSON.parse takes any depth, JSON.stringify only some. */

/** Far above what anybody writes, and far below what the stack takes. */
const maxLevels = 500;

/** @returns whether `value` can be written as JSON again; looked at level by level, without recursion */
export function isWritable(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; depth <= maxLevels; depth += 1) {
    level = level.flatMap((one) =>
      typeof one === 'object' && one !== null ? Object.values(one) : [],
    );
    if (level.length === 0) return true;
  }
  return false;
}
