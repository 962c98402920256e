/**
 * Ordinary prediction requests: the predictor's answer is passed on, whatever it is. What gRPC
 * answers but OK has no HTTP answer to pass on: it is told as a failure.
 */

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import type { PredictionAnswer } from '../delivery/ports.ts';
import type { AdapterError } from '../errors.ts';
import { faultOfAnswer } from '../inference/classify-answer.ts';
import type { Protocol } from '../inference/protocol.ts';
import type { TargetOf } from '../inference/targets.ts';
import { headersForPlainRequest, protoNameOfRequest } from './forwarded-headers.ts';
import { retryAfter } from './send-outcome.ts';

export interface PlainPredictionOptions {
  readonly targetOf: TargetOf;
  /** For messages: where the predictor is. */
  readonly predictorUrl: string;
}

export interface PlainAnswer extends PredictionAnswer {
  /** Full name of the protobuf message that it is. */
  readonly protoName?: string | undefined;
}

export interface PlainRequest {
  readonly request: FastifyRequest;
  /** The model that the path names, where it names one. */
  readonly model: string | undefined;
  readonly deadline: number;
  readonly puid: string;
}

/** @returns the predictor's answer; @throws AdapterError where it gave none */
export async function callForPlainRequest(
  { request, model, deadline, puid }: PlainRequest,
  options: PlainPredictionOptions,
  call: CallWithinDeadline,
): Promise<PlainAnswer> {
  const { headers, raw, body } = request;
  const { path, contentType, replyName } = options.targetOf({
    contentType: headers['content-type'],
    protoName: protoNameOfRequest(headers),
    model,
  });
  const answer = await call({
    path,
    headers: [
      'content-type',
      contentType,
      'seldon-puid',
      puid,
      ...headersForPlainRequest(raw.rawHeaders, headers),
    ],
    body: body as Buffer,
    deadline,
  });
  const isFailure = answer.statusName !== undefined;
  if (isFailure) {
    const fault = faultOfAnswer(answer, answer.where ?? options.predictorUrl + path);
    if (fault !== undefined) throw fault;
  }
  return { ...answer, protoName: replyName };
}

/** A browser must not take an answer for a page: what a model says may hold what a caller sent. */
const noSniffing = ['x-content-type-options', 'nosniff'] as const;

/** Passes the predictor's answer on; `ce-*` headers of its own do not come along. */
export function sendAnswer(reply: FastifyReply, answer: PlainAnswer): void {
  reply.code(answer.status).header(...noSniffing);
  if (answer.contentType !== undefined) reply.header('content-type', answer.contentType);
  if (answer.contentEncoding !== undefined) {
    reply.header('content-encoding', answer.contentEncoding);
  }
  if (answer.headLength !== undefined) {
    reply.header('inference-header-content-length', answer.headLength);
  }
  if (answer.protoName !== undefined) reply.header('proto-name', answer.protoName);
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
  reply
    .code(error.status)
    .headers(headers)
    .header(...noSniffing)
    .send(body);
}
