/** Command-line options of the benchmarks: `--name value`, each with a default. */

import { parseArgs } from 'node:util';

type Values = Readonly<Record<string, string>>;

/** The options as texts; an unknown one ends the program, naming those that there are. */
export function readOptions<D extends Values>(defaults: D): { [K in keyof D]: string } {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [
      name,
      { type: 'string' as const, default: value },
    ]),
  );
  try {
    return parseArgs({ options }).values as { [K in keyof D]: string };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\nOptions and defaults:`);
    for (const [name, value] of Object.entries(defaults)) console.error(`  --${name} ${value}`);
    return process.exit(2);
  }
}

export const numbers = (text: string): number[] => text.split(',').map(Number);

/** The parts of a list, each of which must be one of `known`. */
export function names<N extends string>(text: string, known: readonly N[]): N[] {
  return text.split(',').map((name) => {
    const found = known.find((one) => one === name);
    if (found === undefined) throw new Error(`"${name}" is none of ${known.join(', ')}`);
    return found;
  });
}

export const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
