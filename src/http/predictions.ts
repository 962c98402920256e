/**
 * POST on `/` and on the protocol's own paths: events in any mode, and ordinary prediction requests
 * on the latter.
 *
 * P1 Every prediction takes a place of the limiter and gives it back.
 * P2 One line is logged for each failure, with what the sender is told.
 */

import { randomUUID } from 'node:crypto';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import type { Dispatch } from '../delivery/dispatch.ts';
import { inPlace, type Limiter } from '../delivery/limiter.ts';
import type { Outcome } from '../delivery/outcome.ts';
import type { Log, Now } from '../delivery/ports.ts';
import { addEventTrace } from '../delivery/trace-headers.ts';
import { AdapterError } from '../errors.ts';
import type { Decoded, Event } from '../event/event.ts';
import { decodeHttp } from '../event/http-message.ts';
import { malformedEvent } from '../event/malformed.ts';
import { protoNameOf } from '../event/proto-name.ts';
import type { ReplyFactory } from '../event/reply.ts';
import type { Protocol } from '../inference/protocol.ts';
import type { TargetOf } from '../inference/targets.ts';
import { dispatchBatch } from './event-batch.ts';
import { headersForEvent, protoNameOfRequest } from './forwarded-headers.ts';
import {
  callForPlainRequest,
  type PlainAnswer,
  type PlainRequest,
  sendAnswer,
  sendFailure,
} from './plain-prediction.ts';
import { errorOfFastify, eventExpected, payloadMissing, shuttingDown } from './refusals.ts';
import { pathOf, puidOf } from './request-parts.ts';
import { sendBatch, sendOutcome, sendProblem } from './send-outcome.ts';

export interface PredictionRoutesOptions {
  readonly protocol: Protocol;
  /** What a payload is called by. */
  readonly targetOf: TargetOf;
  /** For messages: where the predictor is. */
  readonly predictorUrl: string;
  readonly requestTimeoutMs: number;
}

export interface PredictionRoutesDeps {
  readonly dispatch: Dispatch;
  readonly call: CallWithinDeadline;
  readonly limiter: Limiter;
  readonly replies: ReplyFactory;
  readonly now: Now;
  readonly wallClock: () => number;
  /** Whether new requests are refused: we are shutting down. */
  readonly draining: () => boolean;
  readonly log: Log;
  readonly served: (service: string, status: number, seconds: number) => void;
  readonly skipped: (reason: string) => void;
}

const noBody = Buffer.alloc(0);

/** Registers the routes. */
export function registerPredictionRoutes(
  server: FastifyInstance,
  options: PredictionRoutesOptions,
  deps: PredictionRoutesDeps,
): void {
  const { protocol } = options;

  const predictPlain = (plain: PlainRequest): Promise<PlainAnswer> =>
    callForPlainRequest(plain, options, deps.call);

  const predictEvent = async (event: Event, arrival: Arrival): Promise<Outcome> => {
    const { request, model, puid, deadline } = arrival;
    const headers = headersForEvent(request.headers);
    addEventTrace(headers, event);
    const input = {
      origin: { kind: 'event', event },
      payload: event.data,
      contentType: event.datacontenttype,
      protoName: protoNameOf(event) ?? protoNameOfRequest(request.headers),
      model,
      puid,
      headers,
      deadline,
    } as const;
    let outcome: Outcome;
    try {
      outcome = await inPlace(deps.limiter, deadline, deps.dispatch, input);
    } catch (error) {
      outcome = { kind: 'failed', error: AdapterError.from(error) };
    }
    tell(outcome, event);
    return outcome;
  };

  const tell = (outcome: Outcome, event?: Event): void => {
    if (outcome.kind === 'skipped') deps.skipped(outcome.reason);
    if (outcome.kind !== 'failed') return;
    const { code, fault, status, message, cause } = outcome.error;
    const about = event === undefined ? {} : { id: event.id, source: event.source };
    const fields = { ...about, code, fault, status, reason: message };
    if (code === 'INTERNAL') deps.log.error({ ...fields, err: cause }, 'the adapter failed');
    else if (fault === 'overload') deps.log.debug(fields, 'the request was turned away');
    else deps.log.warn(fields, 'the request was answered with an error');
  };

  /** An event or a malformed one, of a batch. */
  const predictMember = async (decoded: Decoded, arrival: Arrival): Promise<Outcome> => {
    if (decoded.kind === 'event') return predictEvent(decoded.event, arrival);
    const outcome = { kind: 'failed', error: malformedEvent(decoded.problems) } as const;
    tell(outcome);
    return outcome;
  };

  /** A failure before anything was decoded: told in the shape that the sender expects. */
  const refuse = (
    request: FastifyRequest,
    reply: FastifyReply,
    plain: boolean,
    error: AdapterError,
  ): void => {
    tell({ kind: 'failed', error });
    const puid = puidOf(request);
    if (puid !== undefined) reply.header('seldon-puid', puid);
    if (plain && !isEvent(request)) sendFailure(reply, error, protocol);
    else sendProblem(reply, error);
  };

  /** @returns false where the request is no event, and so not answered yet */
  const answerEvents = async (
    request: FastifyRequest,
    reply: FastifyReply,
    model: string | undefined,
    deadline: number,
  ): Promise<boolean> => {
    const arrival = { request, model, deadline, puid: puidOf(request) };
    const message = decodeHttp(request.raw.rawHeaders, (request.body as Buffer) ?? noBody);
    switch (message.kind) {
      case 'none':
        return false;
      case 'refused': {
        const outcome = { kind: 'failed', error: malformedEvent(message.problems) } as const;
        tell(outcome);
        sendProblem(reply, outcome.error);
        return true;
      }
      case 'event': {
        const outcome = await predictEvent(message.event, arrival);
        sendOutcome(reply, outcome, message.mode);
        return true;
      }
      case 'batch': {
        const result = await dispatchBatch(message.events, {
          // One Seldon-Puid cannot be that of several predictions.
          dispatch: (decoded) => predictMember(decoded, { ...arrival, puid: undefined }),
          places: deps.limiter.places,
          replies: deps.replies,
          wallClock: deps.wallClock,
          randomId: randomUUID,
        });
        if (result.kind === 'failed') sendProblem(reply, result.error);
        else sendBatch(reply, result.events);
        return true;
      }
      default:
        return message satisfies never;
    }
  };

  const answerPlain = async (
    request: FastifyRequest,
    reply: FastifyReply,
    model: string | undefined,
    deadline: number,
  ): Promise<void> => {
    // An ordinary request has nothing to derive one from.
    const puid = puidOf(request) ?? randomUUID();
    reply.header('seldon-puid', puid);
    try {
      const body = request.body as Buffer | undefined;
      if (body === undefined || body.length === 0) throw payloadMissing();
      const plain = { request, model, deadline, puid };
      const answer = await inPlace(deps.limiter, deadline, predictPlain, plain);
      sendAnswer(reply, answer);
    } catch (thrown) {
      const error = AdapterError.from(thrown);
      tell({ kind: 'failed', error });
      sendFailure(reply, error, protocol);
    }
  };

  const handle = async (
    request: FastifyRequest,
    reply: FastifyReply,
    plain: boolean,
    model: string | undefined,
  ): Promise<void> => {
    const started = deps.now();
    const deadline = started + options.requestTimeoutMs;
    if (deps.draining()) {
      refuse(request, reply.header('connection', 'close'), plain, shuttingDown());
      deps.served('predictions', reply.statusCode, (deps.now() - started) / 1_000);
      return;
    }
    const answered = await answerEvents(request, reply, model, deadline);
    if (!answered) {
      if (plain) await answerPlain(request, reply, model, deadline);
      else refuse(request, reply, plain, eventExpected(protocol));
    }
    deps.served('predictions', reply.statusCode, (deps.now() - started) / 1_000);
  };

  /** What Fastify finds wrong with a request: such as a body that is too large. */
  const refusing = (plain: boolean) => ({
    errorHandler: (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
      refuse(request, reply, plain, errorOfFastify(error, request.routeOptions.bodyLimit));
      deps.served('predictions', reply.statusCode, reply.elapsedTime / 1_000);
    },
  });

  server.post('/', refusing(false), (request, reply) => handle(request, reply, false, undefined));
  for (const route of protocol.routes) {
    server.post(route, refusing(true), (request, reply) => {
      const model = protocol.modelOfPath(pathOf(request));
      return model === false ? reply.callNotFound() : handle(request, reply, true, model);
    });
  }
}

/** What the events of one request share. */
interface Arrival {
  readonly request: FastifyRequest;
  /** The model that the path names, where it names one. */
  readonly model: string | undefined;
  readonly deadline: number;
  /** The caller's `Seldon-Puid`. */
  readonly puid: string | undefined;
}

/** Whether the headers say that the body is an event. */
const isEvent = ({ raw }: FastifyRequest): boolean =>
  decodeHttp(raw.rawHeaders, noBody).kind !== 'none';
