/**
 * POST on `/` and on the protocol's own paths: events in any mode, and ordinary prediction requests
 * on the latter.
 *
 * P1 Every prediction takes a place of the limiter and gives it back; a duplicate's takes none.
 * P2 One line is logged for each failure, with what the sender is told.
 */

import { randomUUID } from 'node:crypto';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import type { Dispatch } from '../delivery/dispatch.ts';
import type { Limiter } from '../delivery/limiter.ts';
import type { Outcome } from '../delivery/outcome.ts';
import type { Log, Now } from '../delivery/ports.ts';
import type { AdapterError } from '../errors.ts';
import type { Decoded, Event } from '../event/event.ts';
import { decodeHttp } from '../event/http-message.ts';
import { malformedEvent } from '../event/malformed.ts';
import type { ReplyFactory } from '../event/reply.ts';
import type { Protocol } from '../inference/protocol.ts';
import type { TargetOf } from '../inference/targets.ts';
import { dispatchBatch } from './event-batch.ts';
import { inputOfEvent } from './event-input.ts';
import { createAnswerPlain, sendFailure } from './plain-prediction.ts';
import { batchTooLarge, errorOfFastify, eventExpected, shuttingDown } from './refusals.ts';
import { type CountServed, pathOf, puidOf } from './request-parts.ts';
import { sendBatch, sendOutcome, sendProblem, sendTaken } from './send-outcome.ts';
import { tellFailure } from './tell-failure.ts';

export interface PredictionRoutesOptions {
  readonly protocol: Protocol;
  /** What a payload is called by. */
  readonly targetOf: TargetOf;
  /** For messages: where the predictor is. */
  readonly predictorUrl: string;
  /** The configured model; a path that names one overrides it. */
  readonly model: string | undefined;
  readonly requestTimeoutMs: number;
  /** Most events of one batch. */
  readonly maxBatchEvents: number;
  /** Most bytes of replies to one batch. */
  readonly maxAnswerBytes: number;
}

export interface PredictionRoutesDeps {
  /** Answers one event, under all that holds for events; never rejects. */
  readonly answerEvent: Dispatch;
  readonly call: CallWithinDeadline;
  readonly limiter: Limiter;
  readonly replies: ReplyFactory;
  /** How many replies the sink takes at once; undefined: they are the answers. */
  readonly sinkPlaces?: number | undefined;
  readonly now: Now;
  readonly wallClock: () => number;
  /** Whether new requests are refused: we are shutting down. */
  readonly draining: () => boolean;
  readonly log: Log;
  readonly served: CountServed;
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

  const answerPlain = createAnswerPlain(options, deps);

  const predictEvent = async (event: Event, arrival: Arrival): Promise<Outcome> => {
    const outcome = await deps.answerEvent(inputOfEvent(event, arrival.request, arrival));
    tell(outcome, arrival, event);
    return outcome;
  };

  const tell = (outcome: Outcome, { request, isMember }: Told, event?: Event): void => {
    if (outcome.kind === 'skipped') deps.skipped(outcome.reason);
    if (outcome.kind === 'failed') {
      const what = isMember ? 'an event of a batch' : 'the request';
      tellFailure(deps.log, outcome.error, { request, what, isMember, event });
    }
  };

  /** An event or a malformed one, of a batch. */
  const predictMember = async (decoded: Decoded, arrival: Arrival): Promise<Outcome> => {
    if (decoded.kind === 'event') return predictEvent(decoded.event, arrival);
    const outcome = { kind: 'failed', error: malformedEvent(decoded.problems) } as const;
    tell(outcome, arrival);
    return outcome;
  };

  /** A failure before anything was decoded: told in the shape that the sender expects. */
  const refuse = (
    request: FastifyRequest,
    reply: FastifyReply,
    plain: boolean,
    error: AdapterError,
  ): void => {
    tell({ kind: 'failed', error }, { request });
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
    const body = (request.body as Buffer) ?? noBody;
    const message = decodeHttp(request.raw.rawHeaders, body, options.maxBatchEvents);
    switch (message.kind) {
      case 'none':
        return false;
      case 'refused': {
        const { problems, isTooLarge = false } = message;
        const error = isTooLarge ? batchTooLarge(problems) : malformedEvent(problems);
        tell({ kind: 'failed', error }, arrival);
        sendProblem(reply, error);
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
          dispatch: (decoded) =>
            predictMember(decoded, { ...arrival, puid: undefined, isMember: true }),
          places: Math.min(deps.limiter.places, deps.sinkPlaces ?? Infinity),
          replies: deps.replies,
          model: model ?? options.model,
          maxBytes: options.maxAnswerBytes,
          wallClock: deps.wallClock,
          randomId: randomUUID,
        });
        if (result.kind === 'failed') sendProblem(reply, result.error);
        else if (result.kind === 'delivered') sendTaken(reply);
        else sendBatch(reply, result.events);
        return true;
      }
      default:
        return message satisfies never;
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
      deps.served('predictions', reply.statusCode, (deps.now() - started) / 1_000, request);
      return;
    }
    const answered = await answerEvents(request, reply, model, deadline);
    if (!answered) {
      if (plain) await answerPlain(request, reply, model, deadline);
      else refuse(request, reply, plain, eventExpected(protocol));
    }
    deps.served('predictions', reply.statusCode, (deps.now() - started) / 1_000, request);
  };

  /** What Fastify finds wrong with a request: such as a body that is too large. */
  const refusing = (plain: boolean) => ({
    errorHandler: (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
      refuse(request, reply, plain, errorOfFastify(error, request.routeOptions.bodyLimit));
      deps.served('predictions', reply.statusCode, reply.elapsedTime / 1_000, request);
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

/** Whose failure is told. */
interface Told {
  readonly request: FastifyRequest;
  /** Whether it is one event of several. */
  readonly isMember?: boolean;
}

/** What the events of one request share. */
interface Arrival extends Told {
  /** The model that the path names, where it names one. */
  readonly model: string | undefined;
  readonly deadline: number;
  /** The caller's `Seldon-Puid`. */
  readonly puid: string | undefined;
}

/** Whether the headers say that the body is an event. */
const isEvent = ({ raw }: FastifyRequest): boolean =>
  decodeHttp(raw.rawHeaders, noBody).kind !== 'none';
