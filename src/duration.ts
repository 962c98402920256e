/** Durations as people write them: milliseconds, or as Go prints them (`15s`, `1m30s`, `500ms`). */

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // the micro sign
  μs: 1e-3, // the Greek letter
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

const plainNumber = /^\d+(?:\.\d+)?$/;
const part = /(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)/g;
const duration = new RegExp(`^(?:${part.source})+$`);
/** No duration is longer to write: it bounds the work on a text from outside. */
const maxLength = 64;

/**
 * @returns milliseconds, rounded to whole ones; undefined where the text is no duration. A number
 *   alone means milliseconds, which Go does not take.
 */
export function parseDurationMs(text: string): number | undefined {
  if (text.length > maxLength) return undefined;
  if (plainNumber.test(text)) return Math.round(Number(text));
  if (!duration.test(text)) return undefined;
  let ms = 0;
  for (const [, number, unit] of text.matchAll(part))
    ms += Number(number) * (unitMs[unit ?? ''] ?? 0);
  return Math.round(ms);
}

const isoPart = String.raw`(\d+(?:[.,]\d+)?)`;
const isoDuration = new RegExp(
  `^P(?=[\\dT])(?:${isoPart}W)?(?:${isoPart}D)?(?:T(?=\\d)(?:${isoPart}H)?(?:${isoPart}M)?(?:${isoPart}S)?)?$`,
);
const isoUnitsMs = [604_800_000, 86_400_000, 3_600_000, 60_000, 1_000] as const;

/**
 * ISO 8601 durations as Knative writes them in `delivery`: `PT0.2S`, `PT1M30S`, `P1D`.
 * @returns milliseconds, rounded to whole ones; undefined where the text is none, or counts years or
 *   months, which have no fixed length
 */
export function parseIsoDurationMs(text: string): number | undefined {
  const match = text.length > maxLength ? null : isoDuration.exec(text);
  if (match === null) return undefined;
  const ms = isoUnitsMs.map((unit, at) => unit * Number((match[at + 1] ?? '0').replace(',', '.')));
  return Math.round(ms.reduce((sum, part) => sum + part, 0));
}
