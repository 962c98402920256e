/** The broker's own error under those of kafkajs. */

interface Nested {
  readonly type?: unknown;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

const deepest = 8;

/**
 * kafkajs wraps what the broker answered: in a list, or in the errors of its retriers.
 * @returns the protocol error as kafkajs names it, such as `UNSTABLE_OFFSET_COMMIT`
 */
export function protocolErrorOf(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > deepest) return undefined;
  const { type, cause, errors } = error as Nested;
  if (typeof type === 'string') return type;
  return protocolErrorOf(errors?.[0] ?? cause, depth + 1);
}
