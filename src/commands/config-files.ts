/** How the settings of `adapter` come by what lies in files. */

import { readFileSync } from 'node:fs';
import type { ConfigFiles } from '../config/predictor-file.ts';

/**
 * Parses settings that may name files. The YAML library takes 10 MB of memory: it is loaded only
 * where a file has to be read by it, and the settings are parsed once more.
 */
export async function withConfigFiles<Result>(
  parse: (files: ConfigFiles) => Result,
): Promise<Result> {
  let asked = false;
  const first = parse({
    readText,
    readObjects: () => {
      asked = true;
      return [];
    },
  });
  if (!asked) return first;
  const { readManifests } = await import('../kubernetes/manifests-file.ts');
  return parse({
    readText,
    readObjects: (text) => {
      const read = readManifests(text);
      if (read.ok) return read.objects;
      throw new Error(
        read.problems.map(({ line, message }) => `line ${line}: ${message}`).join('; '),
      );
    },
  });
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
