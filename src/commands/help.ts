/** `--help`, made of the settings' own descriptions. */

import { flagsOf } from '../config/parse.ts';
import type { Setting } from '../config/setting.ts';
import type { Command } from './command.ts';

const width = 88;

/** Help on the program: its commands. */
export function programHelp(commands: readonly Command[]): string {
  const longest = Math.max(...commands.map(({ name }) => name.length));
  return [
    'seldon-eventing turns machine-learning models into CloudEvents processors.',
    '',
    'Usage: seldon-eventing <command> [--flag value …]',
    '',
    'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(longest)}  ${summary}`),
    '',
    'Try first:  seldon-eventing demo',
    'More:       seldon-eventing <command> --help',
    'A first argument that starts with "--" means the command adapter.',
    'Exit codes: 0 done, 1 failed at run time, 2 wrong settings.',
  ].join('\n');
}

/** Help on one command: examples and every setting. */
export function commandHelp(command: Command): string {
  return [
    `seldon-eventing ${command.name}: ${command.summary}`,
    '',
    'Examples:',
    ...command.examples.flatMap(([line, what]) => [`  ${line}`, `      ${what}`]),
    '',
    'Settings: an environment variable each, or a flag, which overrides it. Empty means unset.',
    ...Object.values(command.settings).flatMap(settingHelp),
  ].join('\n');
}

function settingHelp(setting: Setting): string[] {
  const flags = flagsOf(setting).map((flag) => `--${flag}`);
  const fallback = setting.fallbackText ?? setting.fallback;
  const default_ = setting.required
    ? ' (required)'
    : fallback === undefined
      ? ''
      : ` (default: ${fallback})`;
  return ['', `  ${setting.env}, ${flags.join(', ')}${default_}`, ...wrapped(setting.doc)];
}

function wrapped(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1] ?? '';
    if (last.length + word.length + 7 > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.map((line) => `      ${line}`);
}
