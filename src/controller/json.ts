/** JSON values compared and written in one canonical way. */

/** Compact JSON whose keys are sorted, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** Whether two JSON values are equal, whatever the order of their keys. */
export const sameJson = (left: unknown, right: unknown): boolean =>
  left === right || canonicalJson(left ?? null) === canonicalJson(right ?? null);
