/** The Retry-After header (RFC 9110 §10.2.3): seconds or a date. */

/**
 * @param now ms since the epoch
 * @returns ms to wait, at least 0; undefined where the header is absent or neither form
 */
export function retryAfterMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
