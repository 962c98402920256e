/**
 * Finds its way through JSON as bytes: where a value ends, and what an array of rows looks like.
 * Nothing is decoded, so numbers keep the text that they were sent with.
 *
 * S1 Every function takes any bytes, never throws, and accepts nothing that RFC 8259 does not,
 *    apart from `NaN` and infinities in arrays, which Python writes.
 * S2 Positions are byte offsets; -1 stands for "no such value here".
 */

/** What the leaves of an array are: a set of these bits. */
export const leafKinds = {
  integer: 1,
  /** With a fraction or an exponent. */
  float: 2,
  /** An integer that does not surely fit into 64 bits. */
  huge: 4,
  string: 8,
  boolean: 16,
  null: 32,
  nonFinite: 64,
} as const;

/** Deeper nesting is not looked into. */
const maxDepth = 64;
/** Integers of up to so many digits fit into 64 bits. */
const safeDigits = 18;

const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const dot = 0x2e;
const zero = 0x30;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** The kinds of the leaves passed since somebody last set this to 0: scratch, never across a wait. */
export const seen = { kinds: 0, numbers: 0 };

/** The position of the first byte from `at` on that is no JSON white space. */
export function skipBlank(bytes: Uint8Array, at: number): number {
  let i = at;
  for (;;) {
    const c = bytes[i];
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return i;
    i += 1;
  }
}

/** The end of the string that begins at `at`. */
export function skipString(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== quote) return -1;
  let i = at + 1;
  for (;;) {
    const c = bytes[i];
    if (c === undefined || c < 0x20) return -1;
    i += 1;
    if (c === quote) return i;
    if (c === backslash) {
      i = skipEscape(bytes, i);
      if (i < 0) return -1;
    }
  }
}

/** `at` is after the backslash. */
function skipEscape(bytes: Uint8Array, at: number): number {
  const c = bytes[at];
  if (c === undefined) return -1;
  if (c !== 0x75) return '"\\/bfnrt'.includes(String.fromCharCode(c)) ? at + 1 : -1;
  for (let i = at + 1; i <= at + 4; i += 1) if (!isHexDigit(bytes[i] ?? 0)) return -1;
  return at + 5;
}

const isHexDigit = (c: number): boolean =>
  (c >= zero && c <= 0x39) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66);

function skipDigits(bytes: Uint8Array, at: number): number {
  let i = at;
  for (;;) {
    const c = bytes[i];
    if (c === undefined || c < zero || c > 0x39) return i;
    i += 1;
  }
}

/** The end of the number at `at`; notes its kind. */
function skipNumber(bytes: Uint8Array, at: number): number {
  const first = bytes[at] === minus ? at + 1 : at;
  let i = skipDigits(bytes, first);
  if (i === first) return skipNonFinite(bytes, at);
  if (bytes[first] === zero && i > first + 1) return -1;
  const digits = i - first;
  let kind: number = digits > safeDigits ? leafKinds.huge : leafKinds.integer;
  if (bytes[i] === dot) {
    const end = skipDigits(bytes, i + 1);
    if (end === i + 1) return -1;
    i = end;
    kind = leafKinds.float;
  }
  if (bytes[i] === 0x65 || bytes[i] === 0x45) {
    const sign = bytes[i + 1];
    const start = sign === minus || sign === 0x2b ? i + 2 : i + 1;
    i = skipDigits(bytes, start);
    if (i === start) return -1;
    kind = leafKinds.float;
  }
  seen.kinds |= kind;
  return i;
}

/** {@link skipNumber}, for those that are written as most are: `0.35`. */
function skipPlain(bytes: Uint8Array, at: number): number {
  const first = bytes[at] === minus ? at + 1 : at;
  let i = first;
  let c = bytes[i] ?? 0;
  while (c >= zero && c <= 0x39) {
    i += 1;
    c = bytes[i] ?? 0;
  }
  if (c !== dot || i !== first + 1) return skipNumber(bytes, at);
  const fraction = i + 1;
  do {
    i += 1;
    c = bytes[i] ?? 0;
  } while (c >= zero && c <= 0x39);
  if (i === fraction || c === 0x65 || c === 0x45) return skipNumber(bytes, at);
  seen.kinds |= leafKinds.float;
  return i;
}

/**
 * Passes the numbers that stand one after another at `at`: most of a large array, so no more is done
 * for each than must be.
 * @returns the end of the last one; how many there are is in {@link seen}
 */
export function skipNumbers(bytes: Uint8Array, at: number): number {
  let i = at;
  let numbers = 0;
  for (;;) {
    i = skipPlain(bytes, i);
    if (i < 0) return -1;
    numbers += 1;
    if (bytes[i] !== comma) break;
    const next = bytes[i + 1] === 0x20 ? i + 2 : i + 1;
    const c = bytes[next] ?? 0;
    if (c !== minus && (c < zero || c > 0x39)) break;
    i = next;
  }
  seen.numbers = numbers;
  return i;
}

function skipNonFinite(bytes: Uint8Array, at: number): number {
  for (const word of ['NaN', 'Infinity', '-Infinity']) {
    const end = skipWord(bytes, at, word);
    if (end > 0) {
      seen.kinds |= leafKinds.nonFinite;
      return end;
    }
  }
  return -1;
}

function skipWord(bytes: Uint8Array, at: number, word: string): number {
  for (let i = 0; i < word.length; i += 1) if (bytes[at + i] !== word.charCodeAt(i)) return -1;
  return at + word.length;
}

/** The end of the string, number or word at `at`; notes its kind in {@link seen}. */
export function skipLeaf(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case quote:
      seen.kinds |= leafKinds.string;
      return skipString(bytes, at);
    case 0x74:
      seen.kinds |= leafKinds.boolean;
      return skipWord(bytes, at, 'true');
    case 0x66:
      seen.kinds |= leafKinds.boolean;
      return skipWord(bytes, at, 'false');
    case 0x6e:
      seen.kinds |= leafKinds.null;
      return skipWord(bytes, at, 'null');
    default:
      return skipNumber(bytes, at);
  }
}

/** The end of the value, of whatever type, that begins at `at`. */
export function skipValue(bytes: Uint8Array, at: number, depth = 0): number {
  const c = bytes[at];
  if (c === openBrace) {
    if (depth >= maxDepth) return -1;
    return scanObject(bytes, at, (_name, value) => skipValue(bytes, value, depth + 1));
  }
  if (c !== openBracket) {
    seen.kinds = 0;
    const end = skipLeaf(bytes, at);
    return seen.kinds === leafKinds.nonFinite ? -1 : end;
  }
  if (depth >= maxDepth) return -1;
  return scanList(bytes, at, (value) => skipValue(bytes, value, depth + 1));
}

/**
 * Goes through the elements of the array at `at`.
 * @param element is given where an element begins, and returns where it ends
 * @returns the end of the array
 */
export function scanList(bytes: Uint8Array, at: number, element: (at: number) => number): number {
  if (bytes[at] !== openBracket) return -1;
  let i = skipBlank(bytes, at + 1);
  if (bytes[i] === closeBracket) return i + 1;
  for (;;) {
    i = element(i);
    if (i < 0) return -1;
    i = skipBlank(bytes, i);
    if (bytes[i] === closeBracket) return i + 1;
    if (bytes[i] !== comma) return -1;
    i = skipBlank(bytes, i + 1);
  }
}

/**
 * Goes through the fields of the object at `at`.
 * @param field is given a field's name, as it is written between its quotes, and where its value
 *   begins; returns where the value ends
 * @returns the end of the object
 */
export function scanObject(
  bytes: Uint8Array,
  at: number,
  field: (name: string, at: number) => number,
): number {
  if (bytes[at] !== openBrace) return -1;
  let i = skipBlank(bytes, at + 1);
  if (bytes[i] === closeBrace) return i + 1;
  for (;;) {
    const nameEnd = skipString(bytes, i);
    if (nameEnd < 0) return -1;
    const name = textOf(bytes, i + 1, nameEnd - 1);
    i = skipBlank(bytes, nameEnd);
    if (bytes[i] !== colon) return -1;
    i = field(name, skipBlank(bytes, i + 1));
    if (i < 0) return -1;
    i = skipBlank(bytes, i);
    if (bytes[i] === closeBrace) return i + 1;
    if (bytes[i] !== comma) return -1;
    i = skipBlank(bytes, i + 1);
  }
}

/** Names are short: this is cheaper than a call into Buffer. */
function textOf(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i += 1) text += String.fromCharCode(bytes[i] ?? 0);
  return text;
}
