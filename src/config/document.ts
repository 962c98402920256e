/** docs/configuration.md, made of the settings' own descriptions. */

import { flagsOf } from './parse.ts';
import type { Setting, SettingGroup } from './setting.ts';

export interface DocumentedGroup {
  readonly title: string;
  readonly intro?: string;
  readonly settings: SettingGroup;
}

/** @returns the whole document as Markdown */
export function configurationDocument(groups: readonly DocumentedGroup[]): string {
  return [
    '# Configuration',
    '',
    '<!-- Generated from src/config by `npm run docs`; do not edit. -->',
    '',
    'Every setting is an environment variable or a flag; the flag overrides. Empty means unset.',
    'Flags are written with dashes or underscores alike: `--http-port 8080`, `--http_port=8080`.',
    'Durations are milliseconds, or a number with `ms`, `s` or `m`. Wrong settings are told all at',
    'once, and the program ends with exit code 2.',
    ...groups.flatMap(section),
    '',
  ].join('\n');
}

function section({ title, intro, settings }: DocumentedGroup): string[] {
  return [
    '',
    `## ${title}`,
    '',
    ...(intro === undefined ? [] : [intro, '']),
    '| setting | flag | values | default | |',
    '|---|---|---|---|---|',
    ...Object.values(settings).map(row),
  ];
}

function row(setting: Setting): string {
  const names = [setting.env, ...(setting.aliases ?? [])].map((name) => `\`${name}\``).join(', ');
  const [flag] = flagsOf(setting);
  const values = setting.schema.meta()?.title ?? '';
  return `| ${[names, `\`--${flag}\``, cell(values), defaultOf(setting), cell(setting.doc)].join(' | ')} |`;
}

function defaultOf(setting: Setting): string {
  if (setting.required) return 'required';
  if (setting.fallbackText !== undefined) return cell(setting.fallbackText);
  return setting.fallback === undefined ? '–' : `\`${cell(setting.fallback)}\``;
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
