/** The flags that the image runs Node with: what is measured is what is shipped. */

import { readFileSync } from 'node:fs';

/** Reads them from the Dockerfile in the working directory. */
export function imageFlags(): string {
  const dockerfile = readFileSync('Dockerfile', 'utf8');
  const [, options = ''] = /NODE_OPTIONS="([^"]+)"/.exec(dockerfile) ?? [];
  const entry = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
  return [options, ...entry.filter((word) => word.startsWith('--'))].join(' ');
}
