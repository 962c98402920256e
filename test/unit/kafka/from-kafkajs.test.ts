import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { errorRecord } from '../../../src/delivery/error-record.ts';
import { AdapterError } from '../../../src/errors.ts';
import { inputRecords } from '../../../src/kafka/from-kafkajs.ts';

const x = Buffer.from('x');
const empty = Buffer.alloc(0);

/** One message with these headers, as kafkajs hands it over. */
function recordWith(headers: unknown, parts: Partial<KafkaMessage> = {}) {
  const message = {
    offset: '5',
    timestamp: '1700000000000',
    key: null,
    value: x,
    headers,
    ...parts,
  };
  const batch = { topic: 'in', partition: 2, messages: [message] };
  const [record] = inputRecords(batch as unknown as EachBatchPayload['batch']);
  if (record === undefined) throw new Error('no record');
  return record;
}
/** What kafkajs' decoder makes of one header: it looks its name up in an ordinary object. */
function decodedHeader(name: string, value: Buffer | null): Record<string, unknown> {
  const before = ({} as Record<string, unknown>)[name];
  return { [name]: before === undefined ? value : [before, value] };
}

describe('a record out of kafkajs', () => {
  it('has the bytes themselves, and its offset as a number', () => {
    const key = Buffer.from('k');
    const record = recordWith({ a: x }, { key });
    expect(record).toMatchObject({
      topic: 'in',
      partition: 2,
      offset: 5,
      timestamp: '1700000000000',
    });
    expect([record.key, record.value, record.headers['a']]).toEqual([key, x, x]);
    expect(record.value).toBe(x);
  });

  it('may lack key, value and headers', () => {
    const record = recordWith(undefined, { value: null });
    expect([record.key, record.value, record.headers]).toEqual([null, null, {}]);
  });

  it('keeps repeated headers in order', () => {
    const y = Buffer.from('y');
    expect(recordWith({ a: [x, y] }).headers).toEqual({ a: [x, y] });
  });

  it('has empty values where headers had none', () => {
    const { headers } = recordWith({ a: null, b: [x, null], c: x });
    expect(headers).toEqual({ a: empty, b: [x, empty], c: x });
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    'keeps a header named %s, with or without a value, and nothing else under that name',
    (name) => {
      for (const value of [x, null]) {
        const record = recordWith({ ...decodedHeader(name, value), other: x });
        expect(Object.keys(record.headers).sort()).toEqual([name, 'other'].sort());
        expect(Object.getPrototypeOf(record.headers)).toBe(Object.prototype);
        const kept = Object.getOwnPropertyDescriptor(record.headers, name)?.value;
        expect(kept).toEqual([value ?? empty]);
      }
    },
  );

  it('goes to the error topic with headers that kafkajs can write', () => {
    const names = ['__proto__', 'constructor', 'plain', ''];
    // Built from entries, so that `__proto__` is a member like any other.
    const decoded = Object.fromEntries(
      names.flatMap((name) => Object.entries(decodedHeader(name, null))),
    );
    const { headers } = errorRecord(recordWith(decoded), new AdapterError('INTERNAL', 'm'), {
      identity: { sdep: 's', namespace: 'n', predictor: 'p' },
      time: 't',
      attempts: 1,
      omit: 'nothing',
    });
    expect(Object.keys(headers)).toEqual(expect.arrayContaining(['constructor', 'plain', '']));
    for (const value of Object.values(headers)) {
      for (const one of Array.isArray(value) ? value : [value]) {
        expect(typeof one === 'string' || one instanceof Uint8Array).toBe(true);
      }
    }
  });
});
