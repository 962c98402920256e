/** Records that say anything at all, in error topics and input topics, and answers of predictors. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ErrorRecordContext,
  errorHeaders,
  errorRecord,
} from '../../../src/delivery/error-record.ts';
import type { InputRecord } from '../../../src/delivery/record.ts';
import { headersForPredictor, headerText } from '../../../src/delivery/record-headers.ts';
import { decideReplay } from '../../../src/delivery/replay-record.ts';
import { retryAfterMs } from '../../../src/delivery/retry-after.ts';
import { isHttpSafe } from '../../../src/delivery/trace-headers.ts';
import { AdapterError } from '../../../src/errors.ts';
import { faultOfAnswer } from '../../../src/inference/classify-answer.ts';

const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom('-1', '1e9', '99999999999', 'a/b', '..', '2020-01-01T00:00:00Z', ''),
);
const name = fc.oneof(
  fc.constantFrom(
    ...Object.values(errorHeaders),
    'seldon-replay-count',
    'traceparent',
    '__proto__',
  ),
  fc.string({ maxLength: 8 }),
);
const headers = fc.dictionary(
  name,
  fc.oneof(value, fc.array(value, { maxLength: 2 })) as fc.Arbitrary<Buffer>,
);
const record: fc.Arbitrary<InputRecord> = headers.map((given) => ({
  topic: 'in.errors',
  partition: 0,
  offset: 1,
  timestamp: '1700000000000',
  key: null,
  value: Buffer.from('{}'),
  headers: given,
}));
const everything = {
  faults: new Set<never>(),
  codes: new Set<never>(),
  sinceMs: 0,
  untilMs: undefined,
} as never;

describe('records', () => {
  it('of an error topic are sent back, passed or refused with a reason; never a throw', () => {
    fc.assert(
      fc.property(record, (one) => {
        const decision = decideReplay(one, everything, 'in.errors');
        expect(['passed', 'refused', 'replay']).toContain(decision.kind);
        if (decision.kind === 'refused') expect(decision.reason).toMatch(/\S/);
        if (decision.kind !== 'replay') return;
        expect(decision.record.topic).toMatch(/^[\w.-]{1,249}$/);
        expect(decision.record.topic).not.toBe('in.errors');
      }),
      { numRuns: 500 },
    );
  });

  it('of any kind become error records that can be sent back', () => {
    const context = {
      identity: { sdep: 's', namespace: 'n', predictor: 'p' },
      attempts: 1,
      time: '2026-01-01T00:00:00Z',
      omit: 'nothing',
    };
    fc.assert(
      fc.property(record, (one) => {
        const error = new AdapterError('PREDICTOR_REFUSED', 'refused');
        const written = errorRecord({ ...one, topic: 'in' }, error, context as ErrorRecordContext);
        const read = { ...one, headers: written.headers, value: written.value } as InputRecord;
        const decision = decideReplay(
          read,
          { ...(everything as object), sinceMs: undefined } as never,
          'in.errors',
        );
        expect(decision).toMatchObject({ kind: 'replay', record: { topic: 'in' } });
      }),
      { numRuns: 200 },
    );
  });

  it('hand on only header values that HTTP can carry', () => {
    fc.assert(
      fc.property(headers, name, (given, asked) => {
        const text = headerText(given, asked.toLowerCase());
        if (text !== undefined) expect(isHttpSafe(text)).toBe(true);
        for (const one of headersForPredictor(given, undefined)) expect(isHttpSafe(one)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a predictor', () => {
  it('that says anything at all for Retry-After is waited for from 0 on, or not', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.integer().map(String),
      fc.date().map((date) => (Number.isNaN(date.getTime()) ? 'never' : date.toUTCString())),
      fc.constant('9'.repeat(100_000)),
    );
    fc.assert(
      fc.property(fc.option(text, { nil: undefined }), (given) => {
        const ms = retryAfterMs(given, 1_700_000_000_000);
        if (ms !== undefined) expect(ms).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('that answers anything at all is usable or at fault; never a throw', () => {
    const answer = fc.record({
      status: fc.oneof(fc.integer({ min: 100, max: 999 }), fc.integer()),
      statusName: fc.option(fc.string({ maxLength: 20 }), { nil: undefined }),
      contentType: fc.option(fc.string({ maxLength: 20 }), { nil: undefined }),
      contentEncoding: fc.option(fc.string({ maxLength: 20 }), { nil: undefined }),
      retryAfterMs: fc.option(fc.nat(), { nil: undefined }),
      puid: fc.constant(undefined),
      body: fc.oneof(
        fc.uint8Array({ maxLength: 100 }),
        fc.json().map((json) => Buffer.from(json)),
      ),
    });
    fc.assert(
      fc.property(answer, (one) => {
        const fault = faultOfAnswer(one, 'http://predictor/predict');
        if (fault !== undefined) expect(fault).toBeInstanceOf(AdapterError);
      }),
      { numRuns: 500 },
    );
  });
});
