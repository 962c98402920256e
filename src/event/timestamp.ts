/**
 * Whether a text is an RFC 3339 timestamp. It is never converted: a Date would lose the
 * nanoseconds and the offset that the sender wrote.
 */

const shape = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** RFC 3339 §5.6, with the ranges of §5.7; a second of 60 is a leap second. */
export function isTimestamp(text: string): boolean {
  if (!shape.test(text)) return false;
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(Number(text.slice(0, 4)), month)) {
    return false;
  }
  if (twoDigits(text, 11) > 23 || twoDigits(text, 14) > 59 || twoDigits(text, 17) > 60)
    return false;
  if (text.endsWith('Z') || text.endsWith('z')) return true;
  return twoDigits(text, text.length - 5) <= 23 && twoDigits(text, text.length - 2) <= 59;
}

const twoDigits = (text: string, at: number): number =>
  (text.charCodeAt(at) - 0x30) * 10 + text.charCodeAt(at + 1) - 0x30;

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
