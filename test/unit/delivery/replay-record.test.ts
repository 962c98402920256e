import { describe, expect, test } from 'vitest';
import { errorRecord, type omissions } from '../../../src/delivery/error-record.ts';
import type { InputRecord, RecordHeaders } from '../../../src/delivery/record.ts';
import {
  decideReplay,
  type ReplayFilter,
  replayCountHeader,
} from '../../../src/delivery/replay-record.ts';
import { describeRecord, replaySummary } from '../../../src/delivery/replay-report.ts';
import { AdapterError, type ErrorCode } from '../../../src/errors.ts';

const everything: ReplayFilter = {
  faults: new Set(),
  codes: new Set(),
  sinceMs: undefined,
  untilMs: undefined,
};
const time = '2026-01-31T12:00:00.000Z';
const identity = { sdep: 'iris', namespace: 'default', predictor: 'default' };

const input = (given: Partial<InputRecord> = {}): InputRecord => ({
  topic: 'in',
  partition: 3,
  offset: 17,
  timestamp: '1000',
  key: Buffer.from('k'),
  value: Buffer.from([0, 1, 0xff]),
  headers: { ce_id: Buffer.from('1'), twice: [Buffer.from('a'), Buffer.from('b')] },
  ...given,
});

/** What an error topic gives back of it: header values are bytes there. */
function failed(
  record: InputRecord,
  code: ErrorCode = 'PREDICTOR_FAILED',
  omit: (typeof omissions)[number] = 'nothing',
): InputRecord {
  const context = { identity, time, attempts: 8, omit };
  const { key, value, headers } = errorRecord(record, new AdapterError(code, 'why'), context);
  const bytes = Object.entries(headers).map(([name, one]) => [
    name,
    typeof one === 'string' ? Buffer.from(one) : one,
  ]);
  const place = { topic: 'out.errors', partition: 0, offset: 5, timestamp: '9999999999999' };
  return { ...place, key, value, headers: Object.fromEntries(bytes) as RecordHeaders };
}

const replayed = (record: InputRecord) => {
  const decision = decideReplay(record, everything, 'out.errors');
  if (decision.kind !== 'replay') throw new Error(decision.kind);
  return decision.record;
};

describe('an error record that is replayed', () => {
  test('is the input again: key, value, every header, topic and partition', () => {
    const before = input();
    expect(replayed(failed(before))).toEqual({
      topic: 'in',
      partition: 3,
      key: before.key,
      value: before.value,
      headers: { ...before.headers, [replayCountHeader]: '1' },
    });
  });

  test('counts how often that was done, through the error topic', () => {
    const once = input({ headers: replayed(failed(input())).headers });
    const twice = replayed(failed(once)).headers;
    expect(twice[replayCountHeader]).toBe('2');
    expect(Object.keys(twice).filter((name) => name.startsWith('seldon-error'))).toEqual([]);
  });

  test('counts from one where the header says no number', () => {
    const odd = input({ headers: { [replayCountHeader]: Buffer.from('many') } });
    expect(replayed(failed(odd)).headers[replayCountHeader]).toBe('1');
  });

  test('keeps a tombstone, and headers of any name', () => {
    const headers = JSON.parse('{"__proto__":"p","constructor":"c"}') as RecordHeaders;
    const record = replayed(failed(input({ key: null, value: null, headers })));
    expect([record.key, record.value]).toEqual([null, null]);
    expect(Object.keys(record.headers).toSorted()).toEqual(
      ['__proto__', 'constructor', replayCountHeader].toSorted(),
    );
  });
});

describe('an error record that cannot be replayed', () => {
  const refusal = (record: InputRecord): string => {
    const decision = decideReplay(record, everything, 'out.errors');
    return decision.kind === 'refused' ? decision.reason : decision.kind;
  };

  test.each(['value', 'all'] as const)('is one whose value was left out (%s)', (omit) => {
    const reason = refusal(failed(input(), 'PREDICTOR_FAILED', omit));
    expect(reason).toContain('3 bytes was left out');
    expect(reason).toContain('in partition 3 offset 17');
  });

  test('is one that does not say where it came from, or names no topic, or this one', () => {
    expect(refusal(input())).toContain('no error record');
    expect(refusal(failed(input({ topic: '../etc' })))).toContain('names no topic');
    expect(refusal(failed(input({ topic: 'out.errors' })))).toContain('this very topic');
  });
});

describe('what is asked for', () => {
  const kinds = (filter: Partial<ReplayFilter>, record: InputRecord): string =>
    decideReplay(record, { ...everything, ...filter }, 'out.errors').kind;
  const at = Date.parse(time);

  test('is chosen by class of fault and by code', () => {
    const refusedRecord = failed(input(), 'PREDICTOR_REFUSED');
    expect(kinds({ faults: new Set(['record']) }, refusedRecord)).toBe('replay');
    expect(kinds({ faults: new Set(['transient']) }, refusedRecord)).toBe('passed');
    expect(kinds({ codes: new Set(['PREDICTOR_REFUSED']) }, refusedRecord)).toBe('replay');
    expect(kinds({ codes: new Set(['PREDICTOR_BUSY']) }, refusedRecord)).toBe('passed');
    const both = { faults: new Set(['record']), codes: new Set(['PREDICTOR_BUSY']) };
    expect(kinds(both, refusedRecord)).toBe('passed');
  });

  test('is chosen by the time of the failure: from the first one on, up to and without the second', () => {
    const record = failed(input());
    expect(kinds({ sinceMs: at }, record)).toBe('replay');
    expect(kinds({ sinceMs: at + 1 }, record)).toBe('passed');
    expect(kinds({ untilMs: at + 1 }, record)).toBe('replay');
    expect(kinds({ untilMs: at }, record)).toBe('passed');
  });

  test('passes what is no error record where a class is asked for', () => {
    expect(kinds({ faults: new Set(['record']) }, input())).toBe('passed');
  });
});

describe('what a replay tells', () => {
  test('where a record stands, its code and its key; never its value', () => {
    expect(describeRecord(failed(input()))).toBe(
      'partition 0 offset 5 (PREDICTOR_FAILED, key "k")',
    );
    expect(describeRecord(failed(input({ key: null })))).toContain('no key');
    const again = input({ headers: { [replayCountHeader]: Buffer.from('3') } });
    expect(describeRecord(failed(again))).toContain('replayed 3 times before');
  });

  test.each([
    [Buffer.from([0xff, 0x00]), 'key 0xff00'],
    [Buffer.from('\u001b[2J'), 'key 0x1b5b324a'],
    [Buffer.from('quo"te'), 'key "quo\\"te"'],
    [Buffer.from('ключ'), 'key "ключ"'],
    [Buffer.from('x'.repeat(100)), `key "${'x'.repeat(64)}"…`],
  ])('keys of any bytes, and nothing that a terminal obeys (%#)', (key, told) => {
    expect(describeRecord(failed(input({ key })))).toContain(told);
  });

  test('a summary that says what became of every record', () => {
    const totals = { read: 10, passed: 4, replayed: 3, refused: 2, failed: 1 };
    expect(replaySummary(totals, false)).toBe(
      'Read 10 records: 3 replayed, 2 refused, 1 failed, 4 not asked for.',
    );
    expect(replaySummary(totals, true)).toContain('3 would be replayed');
    expect(replaySummary(totals, true)).toContain('Nothing was sent.');
  });
});
