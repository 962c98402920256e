/** Requests as they stand on the wire, however wrong, and what is to come back. */

import { Buffer } from 'node:buffer';
import { expect } from 'vitest';
import type { RawAnswer } from '../../support/adapter.ts';

export interface Raw {
  readonly target?: string;
  readonly method?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  /** In place of the body's own length. */
  readonly length?: string;
}

export const lines = (headers: Readonly<Record<string, string>>): string[] =>
  Object.entries(headers).map(([name, value]) => `${name}: ${value}`);

/** A request as it stands on the wire. */
export const raw = ({
  target = '/',
  method = 'POST',
  headers = [],
  body: text = '',
  length,
}: Raw): string =>
  [
    `${method} ${target} HTTP/1.1`,
    'Host: h',
    'Connection: close',
    ...headers,
    `Content-Length: ${length ?? Buffer.byteLength(text, 'latin1')}`,
    '',
    text,
  ].join('\r\n');

export const expectProblem = (answer: RawAnswer, status: number, code: string): void => {
  expect(answer.status, answer.text).toBe(status);
  expect(answer.headerLines.map((line) => line.toLowerCase())).toContain(
    'content-type: application/problem+json',
  );
  expect(JSON.parse(answer.body)).toMatchObject({ status, code });
  expect(answer.closed).toBe(true);
};
