/** A refusal, as a problem document (RFC 9457). */

import type { FastifyReply } from 'fastify';
import { AdapterError, type ErrorCode, type Problem } from '../errors.ts';
import { problemDetails } from '../problem-details.ts';

export function refuse(
  reply: FastifyReply,
  code: ErrorCode,
  message: string,
  problems: readonly Problem[] = [],
): FastifyReply {
  const error = new AdapterError(code, message, { problems });
  return reply
    .code(error.status)
    .header('Content-Type', 'application/problem+json')
    .send(JSON.stringify(problemDetails(error)));
}
