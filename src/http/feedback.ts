/** POST on Seldon's feedback paths: `{"request":…,"response":…,"truth":…,"reward":…}`, or an event of it. */

import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import type { Dispatch } from '../delivery/dispatch.ts';
import { inPlace, type Limiter } from '../delivery/limiter.ts';
import type { Log, Now } from '../delivery/ports.ts';
import { AdapterError } from '../errors.ts';
import type { Event, Mode } from '../event/event.ts';
import { decodeHttp } from '../event/http-message.ts';
import { malformedEvent } from '../event/malformed.ts';
import { faultOfAnswer } from '../inference/classify-answer.ts';
import type { Protocol } from '../inference/protocol.ts';
import type { TargetOf } from '../inference/targets.ts';
import { inputOfEvent } from './event-input.ts';
import { headersForPlainRequest, protoNameOfRequest } from './forwarded-headers.ts';
import { sendAnswer, sendFailure } from './plain-prediction.ts';
import { feedbackMissing, feedbackOneByOne, shuttingDown } from './refusals.ts';
import { answerRefused } from './refused.ts';
import { type CountServed, puidOf } from './request-parts.ts';
import { sendOutcome } from './send-outcome.ts';
import { tellFailure } from './tell-failure.ts';

export interface FeedbackRoutesDeps {
  /** Answers one event, under all that holds for events; never rejects. */
  readonly answerEvent: Dispatch;
  readonly feedback: CallWithinDeadline;
  readonly limiter: Limiter;
  readonly now: Now;
  readonly draining: () => boolean;
  readonly log: Log;
  readonly served: CountServed;
  readonly skipped: (reason: string) => void;
}

export interface FeedbackRoutesOptions {
  readonly protocol: Protocol;
  /** What feedback is called by. */
  readonly feedbackTargetOf: TargetOf;
  readonly requestTimeoutMs: number;
}

/** Registers the routes. */
export function registerFeedbackRoutes(
  server: FastifyInstance,
  options: FeedbackRoutesOptions,
  deps: FeedbackRoutesDeps,
): void {
  const answerPlain = async (
    { request, reply }: Arrival,
    body: Uint8Array,
    puid: string,
  ): Promise<void> => {
    const { headers, raw } = request;
    const deadline = deps.now() + options.requestTimeoutMs;
    if (body.length === 0) throw feedbackMissing();
    const { path, contentType, replyName } = options.feedbackTargetOf({
      contentType: headers['content-type'],
      protoName: protoNameOfRequest(headers),
      model: undefined,
    });
    const call = {
      path,
      headers: [
        'content-type',
        contentType,
        'seldon-puid',
        puid,
        ...headersForPlainRequest(raw.rawHeaders, headers),
      ],
      body,
      deadline,
    };
    const told = await inPlace(deps.limiter, deadline, deps.feedback, call);
    const fault =
      told.statusName === undefined
        ? undefined
        : faultOfAnswer(told, told.where ?? 'the predictor');
    if (fault !== undefined) throw fault;
    sendAnswer(reply, { ...told, protoName: replyName });
  };

  /** As on `/`, but that its type does not matter. */
  const answerEvent = async (
    { request, reply }: Arrival,
    event: Event,
    mode: Mode,
    puid: string,
  ): Promise<void> => {
    const deadline = deps.now() + options.requestTimeoutMs;
    const known = { model: undefined, puid, deadline, isFeedback: true };
    const outcome = await deps.answerEvent(inputOfEvent(event, request, known));
    if (outcome.kind === 'skipped') deps.skipped(outcome.reason);
    if (outcome.kind === 'failed') {
      tellFailure(deps.log, outcome.error, { request, what: 'the feedback', event });
    }
    sendOutcome(reply, outcome, mode);
  };

  const answer = async (arrival: Arrival, puid: string): Promise<void> => {
    const { request, reply } = arrival;
    if (deps.draining()) {
      reply.header('connection', 'close');
      throw shuttingDown();
    }
    const body = (request.body as Buffer | undefined) ?? noBody;
    const message = decodeHttp(request.raw.rawHeaders, body);
    switch (message.kind) {
      case 'none':
        return answerPlain(arrival, body, puid);
      case 'event':
        return answerEvent(arrival, message.event, message.mode, puid);
      case 'batch':
        throw feedbackOneByOne();
      case 'refused':
        throw malformedEvent(message.problems);
      default:
        return message satisfies never;
    }
  };

  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const started = deps.now();
    const puid = puidOf(request) ?? randomUUID();
    reply.header('seldon-puid', puid);
    try {
      await answer({ request, reply }, puid);
    } catch (thrown) {
      const error = AdapterError.from(thrown);
      tellFailure(deps.log, error, { request, what: 'the feedback' });
      sendFailure(reply, error, options.protocol);
    }
    deps.served('feedback', reply.statusCode, (deps.now() - started) / 1_000, request);
  };

  const errorHandler = answerRefused(options.protocol, deps.log, (request, reply) => {
    deps.served('feedback', reply.statusCode, reply.elapsedTime / 1_000, request);
  });
  for (const path of ['/api/v0.1/feedback', '/api/v1.0/feedback']) {
    server.post(path, { errorHandler }, handle);
  }
}

const noBody = Buffer.alloc(0);

interface Arrival {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}
