/** The content of a JSON file that a setting names. */

import type { z } from 'zod';
import type { Parsed } from './parse.ts';

/**
 * @param setting for the problems, which say where in the file they are
 * @returns what is in it, or everything that is wrong with it
 */
export function parseJsonFile<Schema extends z.ZodType>(
  setting: string,
  content: string,
  schema: Schema,
): Parsed<z.output<Schema>> {
  const parsed = schema.safeParse(parseJson(content));
  if (parsed.success) return { ok: true, values: parsed.data };
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${setting}: ${['', ...path].join('/') || '/'}: ${message}`,
  );
  return { ok: false, problems };
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}
