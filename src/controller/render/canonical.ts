/** Plain data in one spelling, so that the same resource always comes to the same bytes. */

export type PlainObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is PlainObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Sorts the keys of all objects by code unit and leaves out members that are null or no JSON:
 * Kubernetes takes a null for a field that is not there.
 */
export function canonical<T>(value: T): T;
export function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => canonical(item) ?? null);
  if (!isObject(value)) return isLeaf(value) ? value : undefined;
  const members = Object.entries(value)
    .map(([key, member]) => [key, canonical(member)] as const)
    .filter(([, member]) => member !== undefined && member !== null)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  // Defines `__proto__` as a member like any other, where an assignment would not.
  return Object.fromEntries(members);
}

const isLeaf = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);

/** Whether objects and lists are nested more than `levels` deep. It does not recurse itself. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  const open: [unknown, number][] = [[value, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [item, level] = next;
    if (typeof item !== 'object' || item === null) continue;
    if (level === levels) return true;
    for (const member of Object.values(item)) open.push([member, level + 1]);
  }
  return false;
}
