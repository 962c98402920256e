import { expect, test } from 'vitest';
import { failureFields, nextOfCaller, nextOfSender } from '../../../src/delivery/failure-line.ts';
import { AdapterError } from '../../../src/errors.ts';

test.each([
  [new AdapterError('PREDICTOR_FAILED', 'x'), 'answered 502: the sender retries'],
  [new AdapterError('DEADLINE_EXCEEDED', 'x'), 'answered 504: the sender retries'],
  [
    new AdapterError('OVERLOADED', 'x', { retryAfterMs: 1_400 }),
    'answered 429: the sender may come back in 2 s',
  ],
  [new AdapterError('DRAINING', 'x'), 'answered 503: the sender may come back in 1 s'],
  [
    new AdapterError('EVENT_INVALID', 'x'),
    'answered 400: sent again it fails again; Knative dead-letters it',
  ],
])('%s: %s', (error, next) => {
  expect(nextOfSender(error)).toBe(next);
});

test('a gRPC caller is told what it may do', () => {
  expect(nextOfCaller('UNAVAILABLE')).toBe('answered UNAVAILABLE: the caller may call again');
  expect(nextOfCaller('INVALID_ARGUMENT')).toBe('answered INVALID_ARGUMENT: the caller decides');
});

test('what is not known is left out', () => {
  const error = new AdapterError('PREDICTOR_FAILED', 'why');
  expect(failureFields(error, { next: 'n', traceparent: 'none' })).toEqual({
    ...{ code: 'PREDICTOR_FAILED', fault: 'transient' },
    ...{ reason: 'why', next: 'n' },
  });
});
