/** What is said of a file that a setting names and that cannot be read. */

/** @param error as Node threw it: its code tells why, and nothing of the file's contents */
export function unreadableFile(setting: string, file: string, error: unknown): string {
  const { code = 'unreadable' } = error as { readonly code?: string };
  return `${setting}: ${file} cannot be read (${code})`;
}
