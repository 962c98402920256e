/** Ordinary prediction requests: the predictor's answer is passed on, whatever it is. */

import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import type { PredictionAnswer } from '../delivery/ports.ts';
import type { AdapterError } from '../errors.ts';
import type { Protocol } from '../inference/protocol.ts';
import { headersForPlainRequest } from './forwarded-headers.ts';
import { retryAfter } from './send-outcome.ts';

export interface PlainPredictionOptions {
  readonly protocol: Protocol;
  readonly model: string | undefined;
}

/** @returns the predictor's answer; @throws AdapterError where it gave none */
export function callForPlainRequest(
  request: FastifyRequest,
  model: string | undefined,
  deadline: number,
  options: PlainPredictionOptions,
  call: CallWithinDeadline,
): Promise<PredictionAnswer> {
  const { headers, raw, body } = request;
  return call({
    path: options.protocol.predictionPath(model ?? options.model),
    headers: [
      'content-type',
      headers['content-type'] ?? 'application/json',
      'seldon-puid',
      puidOf(request),
      ...headersForPlainRequest(raw.rawHeaders, headers),
    ],
    body: body as Buffer,
    deadline,
  });
}

/** The caller's `Seldon-Puid`, or a fresh one: an ordinary request has nothing to derive it from. */
function puidOf({ headers }: FastifyRequest): string {
  const given = headers['seldon-puid'];
  return typeof given === 'string' && given !== '' ? given : randomUUID();
}

/** Passes the predictor's answer on; `ce-*` headers of its own do not come along. */
export function sendAnswer(reply: FastifyReply, answer: PredictionAnswer): void {
  reply.code(answer.status);
  if (answer.contentType !== undefined) reply.header('content-type', answer.contentType);
  if (answer.contentEncoding !== undefined) {
    reply.header('content-encoding', answer.contentEncoding);
  }
  if (answer.puid !== undefined) reply.header('seldon-puid', answer.puid);
  if (answer.retryAfterMs !== undefined) {
    reply.header('retry-after', String(Math.ceil(answer.retryAfterMs / 1_000)));
  }
  reply.send(answer.body);
}

/** Sends a failure in the protocol's own shape. */
export function sendFailure(reply: FastifyReply, error: AdapterError, protocol: Protocol): void {
  // As bytes: Fastify adds a charset to the content type of a text.
  const body = Buffer.from(protocol.failureBody(error));
  const headers = { 'content-type': 'application/json', ...retryAfter(error) };
  reply.code(error.status).headers(headers).send(body);
}
