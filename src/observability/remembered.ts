/** Children of metrics, each looked up once. */

/** Looking a child up by its labels costs more than counting with it: do it once for each. */
export function remembered<Child>(
  make: (first: string, second: string, third: string) => Child,
): (first: string, second: string, third?: string) => Child {
  const children = new Map<string, Child>();
  return (first, second, third = '') => {
    const key = `${first} ${second} ${third}`;
    const known = children.get(key);
    if (known !== undefined) return known;
    const child = make(first, second, third);
    children.set(key, child);
    return child;
  };
}
