/**
 * What a test can make the iris predictor do wrong. One mutable object per predictor, read anew
 * for every prediction; whatever is absent is off.
 */

/** The settings that `PUT /switches` takes; it replaces them all. */
export interface SwitchableFaults {
  /** Waits so long before a prediction is answered, or fails in one of the ways below. */
  delayMs?: number;
  /** Every prediction is answered with this status. */
  status?: number;
  /** Predictions whose body contains this text get 500. */
  poison?: string;
  /** Predictions whose body contains this text get 400. */
  refuse?: string;
  /** Every nth prediction gets 500. */
  failEvery?: number;
  /** Readiness routes answer 503. */
  notReady?: boolean;
  /** The model is still being loaded: not ready, and predictions get 404. */
  loading?: boolean;
  /** The connection is cut instead of an answer. */
  reset?: boolean;
  /** There is never an answer. */
  hang?: boolean;
  /** Every prediction is answered 200 with this text, as JSON: an answer that cannot be used. */
  answerText?: string;
  /** Predictions are padded with blanks to this size, which leaves them the same JSON. */
  bodyBytes?: number;
  /** Sent with every answer, beside what belongs there: Retry-After, ce-* that must not leak. */
  headers?: Record<string, string>;
}

export interface Faults extends SwitchableFaults {
  /** In-process tests decide by the body: a status, or undefined for an ordinary answer. */
  statusFor?: ((body: Buffer) => number | undefined) | undefined;
}

const kinds: Readonly<Record<keyof SwitchableFaults, (value: unknown) => boolean>> = {
  delayMs: isCount,
  status: isStatus,
  poison: isText,
  refuse: isText,
  failEvery: isCount,
  notReady: isFlag,
  loading: isFlag,
  reset: isFlag,
  hang: isFlag,
  answerText: isText,
  bodyBytes: isCount,
  headers: isTextRecord,
};

/** Puts the switches of a request body into `faults`, in place of all that were set over HTTP. */
export function replaceSwitches(faults: Faults, sent: unknown): string | undefined {
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) {
    return 'the switches are not a JSON object';
  }
  for (const [name, value] of Object.entries(sent)) {
    if (!Object.hasOwn(kinds, name)) return `there is no switch ${name}`;
    if (!kinds[name as keyof SwitchableFaults](value)) return `${name} has a wrong value`;
  }
  for (const name of Object.keys(kinds)) delete faults[name as keyof SwitchableFaults];
  Object.assign(faults, sent);
  return undefined;
}

/** The status that the nth prediction fails with; undefined where it is to be predicted. */
export function faultStatus(faults: Faults, body: Buffer, n: number): number | undefined {
  const { failEvery, poison, refuse } = faults;
  const decided = faults.statusFor?.(body);
  if (decided !== undefined) return decided;
  if (faults.loading === true) return 404;
  if (faults.status !== undefined) return faults.status;
  if (poison && body.includes(poison)) return 500;
  if (refuse && body.includes(refuse)) return 400;
  if (failEvery && n % failEvery === 0) return 500;
  return undefined;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isStatus(value: unknown): boolean {
  return isCount(value) && (value as number) >= 200 && (value as number) <= 599;
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isFlag(value: unknown): boolean {
  return typeof value === 'boolean';
}

function isTextRecord(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(isText);
}
