/** Why the HTTP edge refuses a request before any predictor is involved. */

import type { FastifyError } from 'fastify';
import { AdapterError, type Problem } from '../errors.ts';
import type { Protocol } from '../inference/protocol.ts';

/** What Fastify found wrong, in our own terms. */
export function errorOfFastify(error: FastifyError, bodyLimit: number): AdapterError {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new AdapterError(
      'BODY_TOO_LARGE',
      `the body is larger than ${bodyLimit} bytes; raise MAX_BODY_BYTES or send less`,
    );
  }
  const { statusCode } = error;
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new AdapterError('REQUEST_MALFORMED', error.message, { status: statusCode });
  }
  return AdapterError.from(error);
}

export const shuttingDown = (): AdapterError =>
  new AdapterError('DRAINING', 'this instance is shutting down; send the request again', {
    retryAfterMs: 1_000,
  });

export const payloadMissing = (): AdapterError =>
  new AdapterError(
    'PAYLOAD_MISSING',
    "the request has no body; send the protocol's request as JSON",
  );

export const feedbackMissing = (): AdapterError =>
  new AdapterError(
    'PAYLOAD_MISSING',
    'the request has no body; send request, response, truth and reward as a JSON object',
  );

export const feedbackOneByOne = (): AdapterError =>
  new AdapterError(
    'REQUEST_MALFORMED',
    'this path takes no batches; send each feedback by itself, or the batch to /',
  );

export const batchTooLarge = (problems: readonly Problem[]): AdapterError =>
  new AdapterError(
    'BODY_TOO_LARGE',
    `${problems.map(({ reason }) => reason).join('; ')}; send fewer, or raise MAX_BATCH_EVENTS`,
  );

export const eventExpected = (protocol: Protocol): AdapterError =>
  new AdapterError(
    'EVENT_EXPECTED',
    `this path takes CloudEvents only: send the headers ce-id, ce-source, ce-type and ce-specversion, or Content-Type application/cloudevents+json; ordinary prediction requests go to ${protocol.routes.join(' or ')}`,
  );
