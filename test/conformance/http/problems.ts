/** Problem documents as design.md §3.3 wants them. */

import { expect } from 'vitest';
import type { Answer } from '../../support/adapter.ts';

export interface Expected {
  readonly status: number;
  readonly code: string;
  readonly fault: string;
  readonly retriable: boolean;
}

export const record = { fault: 'record', retriable: false } as const;
export const transient = { status: 502, fault: 'transient', retriable: true } as const;
export const misconfigured = {
  status: 502,
  code: 'PREDICTOR_MISCONFIGURED',
  fault: 'deployment',
  retriable: true,
} as const;
export const refused = (status: number) => ({ ...record, status, code: 'PREDICTOR_REFUSED' });
export const failed = { ...transient, code: 'PREDICTOR_FAILED' };
export const busy = { ...transient, code: 'PREDICTOR_BUSY' };

/** A problem document, whole, with its Kne-* headers; Retry-After with 429 and 503 only. */
export function expectProblem(answer: Answer, expected: Expected): void {
  const problem = answer.json();
  expect({ ...problem, status: answer.status }).toMatchObject(expected);
  expect(problem).toMatchObject({
    type: `urn:seldon-eventing:problem:${expected.code.toLowerCase().replaceAll('_', '-')}`,
    status: expected.status,
    title: expect.stringMatching(/./),
    detail: expect.stringMatching(/./),
  });
  expect(answer.headers).toMatchObject({
    'content-type': 'application/problem+json',
    'kne-seldonerrorcode': expected.code,
    'kne-seldonerrorclass': expected.fault,
  });
  const told = answer.headers['retry-after'];
  if (expected.status === 429 || expected.status === 503) expect(told).toMatch(/^[1-9]\d*$/);
  else expect(told).toBeUndefined();
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('ce-'))).toEqual([]);
}
