import { describe, expect, it } from 'vitest';
import { AdapterError, type ErrorCode, errorCodes } from '../../src/errors.ts';
import { problemDetails } from '../../src/problem-details.ts';

/** The whole contract of design.md §3.3, written down a second time. */
const table: Record<ErrorCode, [fault: string, status: number, retriable: boolean]> = {
  EVENT_INVALID: ['record', 400, false],
  EVENT_EXPECTED: ['record', 400, false],
  PAYLOAD_MISSING: ['record', 400, false],
  PAYLOAD_UNSUPPORTED: ['record', 415, false],
  BODY_TOO_LARGE: ['record', 413, false],
  REQUEST_MALFORMED: ['record', 400, false],
  OUTPUT_TOO_LARGE: ['record', 502, false],
  PREDICTOR_REFUSED: ['record', 422, false],
  PREDICTOR_MISCONFIGURED: ['deployment', 502, true],
  PREDICTOR_FAILED: ['transient', 502, true],
  PREDICTOR_BUSY: ['transient', 502, true],
  PREDICTOR_UNREACHABLE: ['transient', 502, true],
  PREDICTOR_ANSWER_UNUSABLE: ['transient', 502, true],
  CIRCUIT_OPEN: ['unavailable', 503, true],
  DEADLINE_EXCEEDED: ['transient', 504, true],
  OVERLOADED: ['overload', 429, true],
  DRAINING: ['unavailable', 503, true],
  ROUTE_UNKNOWN: ['caller', 404, false],
  METHOD_NOT_ALLOWED: ['caller', 405, false],
  TOKEN_REFUSED: ['caller', 401, false],
  SUBJECT_NOT_ALLOWED: ['caller', 403, false],
  CERTIFICATE_REQUIRED: ['caller', 403, false],
  ISSUER_UNREACHABLE: ['unavailable', 503, true],
  SINK_UNREACHABLE: ['transient', 502, true],
  SINK_FAILED: ['transient', 502, true],
  PAGE_REFUSED: ['caller', 403, false],
  INTERNAL: ['transient', 500, true],
};
const rows = Object.entries(table).map(([code, row]) => [code as ErrorCode, ...row] as const);

describe('the codes', () => {
  it('are the ones of the table, no more and no fewer', () => {
    expect(Object.keys(errorCodes).sort()).toEqual(Object.keys(table).sort());
  });

  it('have titles that differ and are one line', () => {
    const titles = Object.values(errorCodes).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
    for (const title of titles) expect(title).toMatch(/^[A-Z][\x20-\x7e]+[^.]$/);
  });

  it.each(rows)('%s is a %s fault with status %i', (code, fault, status, retriable) => {
    const error = new AdapterError(code, 'what, where, what to do');
    expect(error).toMatchObject({ name: 'AdapterError', code, fault, status });
    expect(problemDetails(error)).toEqual({
      type: `urn:seldon-eventing:problem:${code.toLowerCase().replaceAll('_', '-')}`,
      title: errorCodes[code].title,
      status,
      detail: 'what, where, what to do',
      code,
      fault,
      retriable,
    });
  });
});

describe('AdapterError', () => {
  it('takes the status that the predictor chose, and tells it', () => {
    const error = new AdapterError('PREDICTOR_REFUSED', 'm', { status: 413 });
    expect(error.status).toBe(413);
    expect(problemDetails(error).status).toBe(413);
  });

  it('has reached the predictor unless told otherwise', () => {
    expect(new AdapterError('PREDICTOR_FAILED', 'm').reached).toBe(true);
    expect(new AdapterError('PREDICTOR_UNREACHABLE', 'm', { reached: false }).reached).toBe(false);
  });

  it('tells every problem', () => {
    const problems = [
      { where: 'id', reason: 'is missing' },
      { where: 'type', reason: 'is empty' },
    ];
    const error = new AdapterError('EVENT_INVALID', 'm', { problems });
    expect(problemDetails(error).problems).toEqual(problems);
  });

  it('from() hands back what is classified already', () => {
    const error = new AdapterError('DRAINING', 'm');
    expect(AdapterError.from(error)).toBe(error);
  });

  it.each([
    [new TypeError('x is not a function'), 'x is not a function'],
    ['a string', 'a string'],
    [undefined, 'undefined'],
    [null, 'null'],
  ])('from() tells anything else as INTERNAL, with its cause: %s', (thrown, reason) => {
    const error = AdapterError.from(thrown);
    expect(error).toMatchObject({ code: 'INTERNAL', fault: 'transient', status: 500 });
    expect(error.message).toContain(reason);
    if (thrown !== undefined) expect(error.cause).toBe(thrown);
  });
});
