/** POST on Seldon's feedback paths: `{"request":…,"response":…,"truth":…,"reward":…}`, or an event of it. */

import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import { inPlace, type Limiter } from '../delivery/limiter.ts';
import type { Log, Now } from '../delivery/ports.ts';
import { AdapterError } from '../errors.ts';
import { decodeHttp } from '../event/http-message.ts';
import { malformedEvent } from '../event/malformed.ts';
import { protoNameOf } from '../event/proto-name.ts';
import { faultOfAnswer } from '../inference/classify-answer.ts';
import type { Protocol } from '../inference/protocol.ts';
import type { TargetOf } from '../inference/targets.ts';
import { headersForPlainRequest, protoNameOfRequest } from './forwarded-headers.ts';
import { sendAnswer, sendFailure } from './plain-prediction.ts';
import { feedbackMissing, feedbackOneByOne, shuttingDown } from './refusals.ts';
import { puidOf } from './request-parts.ts';
import { sendOutcome, sendProblem } from './send-outcome.ts';

export interface FeedbackRoutesDeps {
  readonly feedback: CallWithinDeadline;
  readonly limiter: Limiter;
  readonly now: Now;
  readonly draining: () => boolean;
  readonly log: Log;
  readonly served: (service: string, status: number, seconds: number) => void;
}

export interface FeedbackRoutesOptions {
  readonly protocol: Protocol;
  /** What feedback is called by. */
  readonly feedbackTargetOf: TargetOf;
  readonly requestTimeoutMs: number;
}

/** An event's data, or the body itself. */
interface Given {
  readonly isEvent: boolean;
  readonly body: Uint8Array | undefined;
  readonly contentType: string | undefined;
  readonly protoName: string | undefined;
}

/** Registers the routes. */
export function registerFeedbackRoutes(
  server: FastifyInstance,
  options: FeedbackRoutesOptions,
  deps: FeedbackRoutesDeps,
): void {
  const answer = async (
    request: FastifyRequest,
    reply: FastifyReply,
    given: Given,
    puid: string,
  ) => {
    const { headers, raw } = request;
    const deadline = deps.now() + options.requestTimeoutMs;
    const { body, isEvent } = given;
    if (body === undefined || body.length === 0) throw feedbackMissing();
    const { path, contentType, replyName } = options.feedbackTargetOf({
      ...given,
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
    const isRefusal = isEvent || told.statusName !== undefined;
    const fault = isRefusal ? faultOfAnswer(told, told.where ?? 'the predictor') : undefined;
    if (fault !== undefined) throw fault;
    if (!isEvent) return sendAnswer(reply, { ...told, protoName: replyName });
    sendOutcome(reply, { kind: 'accepted' }, 'binary');
  };

  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const started = deps.now();
    let isEvent = false;
    const puid = puidOf(request) ?? randomUUID();
    reply.header('seldon-puid', puid);
    try {
      if (deps.draining()) {
        reply.header('connection', 'close');
        throw shuttingDown();
      }
      const given = read(request);
      isEvent = given.isEvent;
      await answer(request, reply, given, puid);
    } catch (thrown) {
      const error = AdapterError.from(thrown);
      const { code, fault, status, message: reason } = error;
      deps.log.warn({ code, fault, status, reason }, 'the feedback was answered with an error');
      if (isEvent) sendProblem(reply, error);
      else sendFailure(reply, error, options.protocol);
    }
    deps.served('feedback', reply.statusCode, (deps.now() - started) / 1_000);
  };

  for (const path of ['/api/v0.1/feedback', '/api/v1.0/feedback']) server.post(path, handle);
}

const noBody = Buffer.alloc(0);

function read(request: FastifyRequest): Given {
  const body = (request.body as Buffer | undefined) ?? noBody;
  const { headers } = request;
  const protoName = protoNameOfRequest(headers);
  const message = decodeHttp(request.raw.rawHeaders, body);
  switch (message.kind) {
    case 'none':
      return { isEvent: false, body, contentType: headers['content-type'], protoName };
    case 'event':
      return {
        isEvent: true,
        body: message.event.data,
        contentType: message.event.datacontenttype,
        protoName: protoNameOf(message.event) ?? protoName,
      };
    case 'batch':
      throw feedbackOneByOne();
    case 'refused':
      throw malformedEvent(message.problems);
    default:
      return message satisfies never;
  }
}
