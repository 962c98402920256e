/** What a replay tells of itself: where a record stands and what failed, never its payload. Pure. */

import { errorHeaders } from './error-record.ts';
import type { InputRecord } from './record.ts';
import { headerText } from './record-headers.ts';
import { replayCountOf } from './replay-record.ts';

/** Records by what became of them. */
export interface ReplayTotals {
  read: number;
  /** Not asked for. */
  passed: number;
  /** Sent back, or, in a dry run, what would be. */
  replayed: number;
  /** Asked for, and not to be sent back. */
  refused: number;
  /** Too large for their topic by now. */
  failed: number;
}

/** One record on one line. */
export function describeRecord({ partition, offset, headers, key }: InputRecord): string {
  const code = headerText(headers, errorHeaders.code) ?? '';
  const count = replayCountOf(headers);
  const parts = [
    plain.test(code) ? code : 'no code',
    keyText(key),
    ...(count > 0 ? [`replayed ${count} times before`] : []),
  ];
  return `partition ${partition} offset ${offset} (${parts.join(', ')})`;
}

const plain = /^\w{1,64}$/;
/** Nothing that moves a terminal's cursor or turns its text round. */
const printable = /^[\p{L}\p{N}\p{P}\p{S} ]*$/u;
const maxKeyBytes = 64;

/** Text where it is that, else bytes as hexadecimal; cut where it is long. */
function keyText(key: Uint8Array | null): string {
  if (key === null) return 'no key';
  const start = Buffer.from(key.subarray(0, maxKeyBytes));
  const more = key.byteLength > maxKeyBytes ? '…' : '';
  const text = start.toString('utf8');
  const isText = printable.test(text) && (more !== '' || Buffer.from(text).equals(start));
  return `key ${isText ? `${JSON.stringify(text)}` : `0x${start.toString('hex')}`}${more}`;
}

/** The last line. */
export function replaySummary(totals: ReplayTotals, isDryRun: boolean): string {
  const { read, passed, replayed, refused, failed } = totals;
  const parts = [
    isDryRun ? `${replayed} would be replayed` : `${replayed} replayed`,
    `${refused} refused`,
    ...(isDryRun ? [] : [`${failed} failed`]),
    `${passed} not asked for`,
  ];
  return `Read ${read} records: ${parts.join(', ')}.${isDryRun ? ' Nothing was sent.' : ''}`;
}
