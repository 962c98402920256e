import { expect, it } from 'vitest';
import {
  isConflict,
  isExpired,
  isOutage,
  KubernetesApiError,
} from '../../../src/kubernetes/api-error.ts';

it.each([
  [0, 'Unreachable', 'outage'],
  [0, 'Timeout', 'outage'],
  [0, 'CredentialsUnavailable', 'outage'],
  [0, 'AnswerUnusable', 'outage'],
  [0, 'AnswerTooLarge', 'lasting'],
  [0, 'NameInvalid', 'lasting'],
  [0, 'ConfigurationInvalid', 'lasting'],
  [401, 'Unauthorized', 'lasting'],
  [403, 'Forbidden', 'lasting'],
  [404, 'KindUnknown', 'lasting'],
  [409, 'Conflict', 'conflict'],
  [410, 'Expired', 'expired'],
  [422, 'Invalid', 'lasting'],
  [429, 'TooManyRequests', 'lasting'],
  [500, 'InternalError', 'outage'],
  [503, 'ServiceUnavailable', 'outage'],
  [504, 'Timeout', 'outage'],
])('status %i, %s: %s', (status, reason, kind) => {
  const error = new KubernetesApiError(status, reason, 'what happened');
  expect([isOutage(error), isConflict(error), isExpired(error)]).toEqual([
    kind === 'outage',
    kind === 'conflict',
    kind === 'expired',
  ]);
});

it.each([undefined, null, 'text', new Error('a bug'), { status: 500 }])(
  '%s is no API error',
  (error) => {
    expect([isOutage(error), isConflict(error), isExpired(error)]).toEqual([false, false, false]);
  },
);
