/** The flags that the image runs Node with: what is measured is what is shipped. */

import { readFileSync } from 'node:fs';

/** Reads them from the Dockerfile in the working directory. */
export function imageFlags(): string {
  const dockerfile = readFileSync('Dockerfile', 'utf8');
  const [, options = ''] = /NODE_OPTIONS="([^"]+)"/.exec(dockerfile) ?? [];
  return [options, entryFlags(dockerfile)].join(' ');
}

/** Those of the controller: its Deployment sets NODE_OPTIONS of its own. */
export function controllerFlags(): string {
  const deployment = readFileSync('config/controller/deployment.yaml', 'utf8');
  const [, options = ''] = /NODE_OPTIONS\n\s+value: (.*)/.exec(deployment) ?? [];
  return [options, entryFlags(readFileSync('Dockerfile', 'utf8'))].join(' ');
}

/** What NODE_OPTIONS does not take stands in the entry point. */
function entryFlags(dockerfile: string): string {
  const entry = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
  return entry.filter((word) => word.startsWith('--')).join(' ');
}
