/**
 * From arguments and environment to typed, frozen values, or everything that is wrong with them.
 *
 * Flags override environment; empty means unset; a problem names the variable, what was found and
 * what was expected, and never repeats a value that could be a secret.
 */

import { parseArgs } from 'node:util';
import type { Setting, SettingGroup, ValuesOf } from './setting.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Parsed<Values> =
  | { readonly ok: true; readonly values: Values }
  | { readonly ok: false; readonly problems: readonly string[] };

/** What must hold between settings, beside what each must be by itself. */
export interface Conflict<Group extends SettingGroup> {
  /** The settings it looks at: it is asked only where all of them could be read. */
  readonly between: readonly (keyof Group)[];
  /** @returns what is wrong; undefined where nothing is */
  readonly problem: (values: ValuesOf<Group>) => string | undefined;
}

/** The flags of a setting, as they are written: dashes within. */
export const flagsOf = (setting: Setting): string[] => [
  ...(setting.flags ?? []).map(dashed),
  dashed(setting.env),
];

const dashed = (name: string): string => name.toLowerCase().replaceAll('_', '-');

/**
 * Parses every setting of `group`; unknown flags are problems, unknown variables are not ours.
 * All problems are told together, those between settings too.
 */
export function parseSettings<Group extends SettingGroup>(
  group: Group,
  args: readonly string[],
  environment: Environment,
  conflicts: readonly Conflict<Group>[] = [],
): Parsed<ValuesOf<Group>> {
  const given = parseFlags(group, args);
  const problems = [...given.problems];
  const values: Record<string, unknown> = {};
  const unread = new Set<keyof Group>();
  for (const [name, setting] of Object.entries(group)) {
    const found = findText(setting, given.values, environment);
    if (found === undefined) {
      if (setting.required) unread.add(name);
      if (setting.required) problems.push(`${setting.env} is not set. ${setting.doc}`);
      continue;
    }
    const result = setting.schema.safeParse(found.text);
    if (result.success) values[name] = result.data;
    else {
      unread.add(name);
      for (const { message } of result.error.issues) problems.push(`${found.where}: ${message}`);
    }
  }
  for (const { between, problem } of conflicts) {
    if (between.some((name) => unread.has(name))) continue;
    const told = problem(values as ValuesOf<Group>);
    if (told !== undefined) problems.push(told);
  }
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, values: Object.freeze(values) as ValuesOf<Group> };
}

interface Found {
  readonly where: string;
  readonly text: string;
}

function findText(
  setting: Setting,
  flags: ReadonlyMap<string, string>,
  environment: Environment,
): Found | undefined {
  for (const flag of flagsOf(setting)) {
    const text = flags.get(flag);
    if (text !== undefined && text !== '') return { where: `--${flag}`, text };
  }
  for (const name of [setting.env, ...(setting.aliases ?? [])]) {
    const text = environment[name];
    if (text !== undefined && text.trim() !== '') return { where: name, text: text.trim() };
  }
  return setting.fallback === undefined
    ? undefined
    : { where: `${setting.env} (default)`, text: setting.fallback };
}

function parseFlags(
  group: SettingGroup,
  args: readonly string[],
): { values: Map<string, string>; problems: string[] } {
  const known = new Set(Object.values(group).flatMap(flagsOf));
  const switches = new Set(
    Object.values(group)
      .filter((setting) => setting.isSwitch)
      .flatMap(flagsOf),
  );
  const options = Object.fromEntries(
    [...known].map((flag) => [flag, { type: switches.has(flag) ? 'boolean' : 'string' } as const]),
  );
  const normal = args.map((arg) => normalised(arg));
  const { tokens } = parseArgs({ args: normal, options, strict: false, tokens: true });
  const values = new Map<string, string>();
  const problems: string[] = [];
  let afterUnknown = false;
  for (const token of tokens) {
    // What follows an unknown flag is its value, and could be a secret.
    if (token.kind === 'positional' && !afterUnknown)
      problems.push(`unexpected argument "${token.value}"`);
    afterUnknown = token.kind === 'option' && !known.has(token.name);
    if (token.kind !== 'option') continue;
    if (!known.has(token.name)) problems.push(`unknown flag --${token.name}`);
    else if (token.value !== undefined && (token.inlineValue || !token.value.startsWith('--'))) {
      values.set(token.name, token.value);
    } else if (switches.has(token.name)) values.set(token.name, 'true');
    else problems.push(`--${token.name} needs a value`);
  }
  return { values, problems };
}

/** `--http_port=1` and Go's `-http_port=1` are `--http-port=1`. */
function normalised(arg: string): string {
  const match = /^--?([A-Za-z][\w-]+)(=.*)?$/s.exec(arg);
  return match === null ? arg : `--${dashed(match[1] ?? '')}${match[2] ?? ''}`;
}
