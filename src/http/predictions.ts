/**
 * POST on `/` and on the protocol's own paths: events in any mode, and ordinary prediction requests
 * on the latter.
 *
 * P1 Every prediction takes a place of the limiter and gives it back.
 * P2 One line is logged for each failure, with what the sender is told.
 */

import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import type { Dispatch } from '../delivery/dispatch.ts';
import type { Limiter } from '../delivery/limiter.ts';
import type { Outcome } from '../delivery/outcome.ts';
import type { Log, Now } from '../delivery/ports.ts';
import { addEventTrace } from '../delivery/trace-headers.ts';
import { AdapterError } from '../errors.ts';
import type { Event } from '../event/event.ts';
import { decodeHttp } from '../event/http-message.ts';
import { malformedEvent } from '../event/malformed.ts';
import type { ReplyFactory } from '../event/reply.ts';
import type { Protocol } from '../inference/protocol.ts';
import { dispatchBatch } from './event-batch.ts';
import { headersForEvent } from './forwarded-headers.ts';
import { callForPlainRequest, sendAnswer, sendFailure } from './plain-prediction.ts';
import { sendBatch, sendOutcome, sendProblem } from './send-outcome.ts';

export interface PredictionRoutesOptions {
  readonly protocol: Protocol;
  readonly model: string | undefined;
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

  /** Runs `work` in a place of the limiter. */
  const limited = async <T>(deadline: number, work: () => Promise<T>): Promise<T> => {
    await deps.limiter.acquire(deadline);
    try {
      return await work();
    } finally {
      deps.limiter.release();
    }
  };

  const predictEvent = async (
    event: Event,
    request: FastifyRequest,
    model: string | undefined,
    deadline: number,
  ): Promise<Outcome> => {
    const headers = headersForEvent(request.headers);
    addEventTrace(headers, event);
    const puid = request.headers['seldon-puid'];
    const input = {
      origin: { kind: 'event', event },
      payload: event.data,
      contentType: event.datacontenttype,
      model,
      puid: typeof puid === 'string' && puid !== '' ? puid : undefined,
      headers,
      deadline,
    } as const;
    let outcome: Outcome;
    try {
      outcome = await limited(deadline, () => deps.dispatch(input));
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

  const answerEvents = async (
    request: FastifyRequest,
    reply: FastifyReply,
    model: string | undefined,
    deadline: number,
  ): Promise<FastifyReply | undefined> => {
    const message = decodeHttp(request.raw.rawHeaders, (request.body as Buffer) ?? noBody);
    switch (message.kind) {
      case 'none':
        return undefined;
      case 'refused': {
        const outcome = { kind: 'failed', error: malformedEvent(message.problems) } as const;
        tell(outcome);
        return sendProblem(reply, outcome.error);
      }
      case 'event': {
        const outcome = await predictEvent(message.event, request, model, deadline);
        return sendOutcome(reply, outcome, message.mode);
      }
      case 'batch': {
        const result = await dispatchBatch(message.events, {
          dispatch: (event) => predictEvent(event, request, model, deadline),
          replies: deps.replies,
          wallClock: deps.wallClock,
          randomId: randomUUID,
        });
        if (result.kind === 'failed') return sendProblem(reply, result.error);
        return sendBatch(reply, result.events);
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
  ): Promise<FastifyReply> => {
    try {
      if (request.body === undefined || (request.body as Buffer).length === 0)
        throw payloadMissing();
      const answer = await limited(deadline, () =>
        callForPlainRequest(request, model, deadline, options, deps.call),
      );
      return sendAnswer(reply, answer);
    } catch (thrown) {
      const error = AdapterError.from(thrown);
      tell({ kind: 'failed', error });
      return sendFailure(reply, error, protocol);
    }
  };

  const handle = async (
    request: FastifyRequest,
    reply: FastifyReply,
    plain: boolean,
    model: string | undefined,
  ): Promise<FastifyReply> => {
    const started = deps.now();
    const deadline = started + options.requestTimeoutMs;
    if (deps.draining()) return sendProblem(reply.header('connection', 'close'), shuttingDown());
    const answered = await answerEvents(request, reply, model, deadline);
    if (answered === undefined) {
      if (plain) await answerPlain(request, reply, model, deadline);
      else sendProblem(reply, eventExpected(protocol));
    }
    deps.served('predictions', reply.statusCode, (deps.now() - started) / 1_000);
    return reply;
  };

  server.post('/', (request, reply) => handle(request, reply, false, undefined));
  for (const route of protocol.routes) {
    server.post(route, (request, reply) => {
      const model = protocol.modelOfPath(pathOf(request));
      if (model === false) return reply.callNotFound();
      return handle(request, reply, true, model);
    });
  }
}

/** The path as it was sent: a model's name is passed on unchanged. */
function pathOf(request: FastifyRequest): string {
  const { url } = request.raw;
  const path = url ?? '/';
  const query = path.indexOf('?');
  return query < 0 ? path : path.slice(0, query);
}

const shuttingDown = (): AdapterError =>
  new AdapterError('DRAINING', 'this instance is shutting down; send the request again', {
    retryAfterMs: 1_000,
  });

const payloadMissing = (): AdapterError =>
  new AdapterError(
    'PAYLOAD_MISSING',
    "the request has no body; send the protocol's request as JSON",
  );

const eventExpected = (protocol: Protocol): AdapterError =>
  new AdapterError(
    'EVENT_EXPECTED',
    `this path takes CloudEvents only: send the headers ce-id, ce-source, ce-type and ce-specversion, or Content-Type application/cloudevents+json; ordinary prediction requests go to ${protocol.routes.join(' or ')}`,
  );
