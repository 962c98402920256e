/** Headers for the predictor as undici takes them: alternating names, in lower case, and values. */

/** @returns the first value of that name */
export function headerOf(headers: readonly string[], name: string): string | undefined {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index] === name) return headers[index + 1];
  }
  return undefined;
}

/** @returns the headers but those of that name */
export function withoutHeader(headers: readonly string[], name: string): string[] {
  const result: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i] !== name) result.push(headers[i] ?? '', headers[i + 1] ?? '');
  }
  return result;
}
