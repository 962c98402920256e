/**
 * The pod's annotations, as the downward API writes them into a file, and what the adapter reads
 * from them: Seldon's timeouts (ms).
 *
 * A line is `key="value"`, the value quoted as Go does it. Seldon's executor gives up on all of
 * them where one value has a "=" in it; here a line that cannot be read costs only itself.
 */

/** What Seldon's annotations stand in for, where our own settings are unset. */
export interface AnnotatedTimeouts {
  readonly attemptTimeoutMs: number | undefined;
  readonly connectTimeoutMs: number | undefined;
  readonly callRetries: number | undefined;
  readonly warnings: readonly string[];
}

const line = /^([^=\s]+)="((?:[^"\\]|\\.)*)"\s*$/s;
const escaped = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gs;
const letters: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** @returns the annotations that can be read, by their keys */
export function parseAnnotations(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const written of text.split('\n')) {
    const match = line.exec(written);
    if (match !== null) found.set(match[1] ?? '', unquoted(match[2] ?? ''));
  }
  return found;
}

const unquoted = (text: string): string =>
  text.replace(escaped, (_all, x, u, long, octal, letter: string | undefined) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    const hex = x ?? u ?? long;
    if (hex === undefined) return letters[letter ?? ''] ?? letter ?? '';
    const point = Number.parseInt(hex, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
  });

const maxTimeoutMs = 2 ** 31 - 1;
/** Beyond that a repeat is no help but a load of its own. */
const maxRetries = 10;

/**
 * @param annotations of the pod
 * @param transport how the predictor is called: each has a timeout of its own
 */
export function annotatedTimeouts(
  annotations: ReadonlyMap<string, string>,
  transport: string,
): AnnotatedTimeouts {
  const warnings: string[] = [];
  const read = (name: string, max: number, min: number): number | undefined => {
    const text = annotations.get(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,10}$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    warnings.push(
      `annotation ${name} is not heeded: expected a whole number from ${min} to ${max}`,
    );
    return undefined;
  };
  const transportTimeout = `seldon.io/${transport}-timeout`;
  const attemptTimeoutMs = read(transportTimeout, maxTimeoutMs, 1);
  // The older of the two names is that of Seldon's Java engine.
  const connectTimeoutMs =
    read('seldon.io/rest-connect-timeout', maxTimeoutMs, 1) ??
    read('seldon.io/rest-connection-timeout', maxTimeoutMs, 1);
  const callRetries = read('seldon.io/rest-connect-retries', maxRetries, 0);
  return { attemptTimeoutMs, connectTimeoutMs, callRetries, warnings };
}
