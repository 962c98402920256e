/**
 * Ordinary prediction requests: the predictor's answer is passed on, whatever it is. What gRPC
 * answers but OK has no HTTP answer to pass on: it is told as a failure.
 */

import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import { inPlace, type Limiter } from '../delivery/limiter.ts';
import type { Log, PredictionAnswer } from '../delivery/ports.ts';
import { AdapterError } from '../errors.ts';
import { faultOfAnswer } from '../inference/classify-answer.ts';
import type { Protocol } from '../inference/protocol.ts';
import type { TargetOf } from '../inference/targets.ts';
import { headersForPlainRequest, protoNameOfRequest } from './forwarded-headers.ts';
import { payloadMissing } from './refusals.ts';
import { puidOf } from './request-parts.ts';
import { retryAfter } from './send-outcome.ts';
import { tellFailure } from './tell-failure.ts';

export interface PlainPredictionOptions {
  readonly targetOf: TargetOf;
  /** For messages: where the predictor is. */
  readonly predictorUrl: string;
}

export interface PlainAnswer extends PredictionAnswer {
  /** Full name of the protobuf message that it is. */
  readonly protoName?: string | undefined;
}

interface PlainRequest {
  readonly request: FastifyRequest;
  /** The model that the path names, where it names one. */
  readonly model: string | undefined;
  readonly deadline: number;
  readonly puid: string;
}

/** @returns the predictor's answer; @throws AdapterError where it gave none */
async function callForPlainRequest(
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

export interface AnswerPlainOptions extends PlainPredictionOptions {
  readonly protocol: Protocol;
}

export interface AnswerPlainDeps {
  readonly call: CallWithinDeadline;
  readonly limiter: Limiter;
  readonly log: Log;
}

/** Answers one ordinary prediction request. @param model that the path names, where it names one */
export type AnswerPlain = (
  request: FastifyRequest,
  reply: FastifyReply,
  model: string | undefined,
  deadline: number,
) => Promise<void>;

/** @returns what answers in a place of the limiter; a failure is logged, and told in the protocol's shape */
export function createAnswerPlain(options: AnswerPlainOptions, deps: AnswerPlainDeps): AnswerPlain {
  const predict = (plain: PlainRequest): Promise<PlainAnswer> =>
    callForPlainRequest(plain, options, deps.call);

  return async (request, reply, model, deadline) => {
    // An ordinary request has nothing to derive one from.
    const puid = puidOf(request) ?? randomUUID();
    reply.header('seldon-puid', puid);
    try {
      const body = request.body as Buffer | undefined;
      if (body === undefined || body.length === 0) throw payloadMissing();
      const plain = { request, model, deadline, puid };
      sendAnswer(reply, await inPlace(deps.limiter, deadline, predict, plain));
    } catch (thrown) {
      const error = AdapterError.from(thrown);
      tellFailure(deps.log, error, { request, what: 'the request' });
      sendFailure(reply, error, options.protocol);
    }
  };
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
