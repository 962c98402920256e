/** The settings of the `render` command. */

import { clusterSettings, renderingSettings } from './controller.ts';
import { type Environment, type Parsed, parseSettings } from './parse.ts';
import { kubernetesName, type SettingGroup, text, type ValuesOf, yesOrNo } from './setting.ts';

export const renderSettings = {
  file: {
    env: 'RENDER_FILE',
    flags: ['file'],
    schema: text,
    required: true,
    doc: 'File with SeldonDeployments, as YAML or JSON; - is standard input. Also `-f`.',
  },
  namespace: {
    env: 'RENDER_NAMESPACE',
    flags: ['namespace'],
    schema: kubernetesName,
    fallback: 'default',
    doc: 'Namespace of SeldonDeployments that name none. Also `-n`.',
  },
  diff: {
    env: 'RENDER_DIFF',
    flags: ['diff'],
    schema: yesOrNo,
    fallback: 'false',
    isSwitch: true,
    doc: 'Shows what would change in the cluster instead, found by a dry run on its API server; nothing is written. Exit code 0: nothing would, 1: something would, 3: it could not be told.',
  },
  ...renderingSettings,
  ...clusterSettings,
} as const satisfies SettingGroup;

export type RenderConfig = ValuesOf<typeof renderSettings>;

const shortFlags: Readonly<Record<string, string>> = { '-f': '--file', '-n': '--namespace' };

/** Parses the settings; `-f` and `-n` as kubectl has them. */
export function parseRenderConfig(
  args: readonly string[],
  environment: Environment,
): Parsed<RenderConfig> {
  const long = args.map((arg) => shortFlags[arg] ?? arg);
  return parseSettings(renderSettings, long, environment);
}
