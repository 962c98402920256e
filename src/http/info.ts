/**
 * GET on the protocol's status and metadata paths: the predictor is asked, and its answer passed
 * on, as Seldon's executor does it (delivery/ask-info.ts).
 *
 * 1. A question takes a place of the limiter, as a prediction does, and has the same deadline.
 * 2. It is asked once: whoever asks can ask again.
 */

import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AskInfo } from '../delivery/ask-info.ts';
import { inPlace, type Limiter } from '../delivery/limiter.ts';
import type { Log, Now, PredictionAnswer } from '../delivery/ports.ts';
import { AdapterError } from '../errors.ts';
import type { InfoRequest, Protocol } from '../inference/protocol.ts';
import { openApi } from '../inference/seldon/openapi.ts';
import { headersForPlainRequest } from './forwarded-headers.ts';
import { sendAnswer, sendFailure } from './plain-prediction.ts';
import { answerRefused } from './refused.ts';
import { pathOf, puidOf } from './request-parts.ts';

export interface InfoRoutesOptions {
  readonly protocol: Protocol;
  readonly sdep: string;
  readonly namespace: string;
  readonly requestTimeoutMs: number;
  /** How long the predictor may take to answer. */
  readonly attemptTimeoutMs: number;
}

export interface InfoRoutesDeps {
  readonly ask: AskInfo;
  readonly limiter: Limiter;
  readonly now: Now;
  readonly log: Log;
  readonly served: (service: string, status: number, seconds: number) => void;
}

interface Question {
  readonly request: FastifyRequest;
  readonly info: InfoRequest;
  readonly deadline: number;
  readonly puid: string;
}

/** Registers the routes. */
export function registerInfoRoutes(
  server: FastifyInstance,
  options: InfoRoutesOptions,
  deps: InfoRoutesDeps,
): void {
  const { protocol } = options;

  const ask = async ({ request, info, deadline, puid }: Question): Promise<PredictionAnswer> => {
    const timeoutMs = Math.min(options.attemptTimeoutMs, deadline - deps.now());
    const { headers, raw } = request;
    return deps.ask(info, {
      headers: ['seldon-puid', puid, ...headersForPlainRequest(raw.rawHeaders, headers)],
      timeoutMs: Math.max(1, timeoutMs),
    });
  };

  const answer = async (
    request: FastifyRequest,
    reply: FastifyReply,
    info: InfoRequest,
  ): Promise<void> => {
    const started = deps.now();
    const deadline = started + options.requestTimeoutMs;
    const puid = puidOf(request) ?? randomUUID();
    reply.header('seldon-puid', puid);
    try {
      const question = { request, info, deadline, puid };
      sendAnswer(reply, await inPlace(deps.limiter, deadline, ask, question));
    } catch (thrown) {
      const error = AdapterError.from(thrown);
      const { code, fault, status, message, cause } = error;
      const level = code === 'INTERNAL' ? 'error' : 'debug';
      deps.log[level]({ code, fault, status, reason: message, err: cause }, 'a question failed');
      sendFailure(reply, error, protocol);
    }
    deps.served(info.service, reply.statusCode, (deps.now() - started) / 1_000);
  };

  const errorHandler = answerRefused(protocol, deps.log, (request, reply) => {
    const info = protocol.infoOfPath(pathOf(request));
    if (info !== false) deps.served(info.service, reply.statusCode, reply.elapsedTime / 1_000);
  });
  for (const route of protocol.infoRoutes) {
    server.get(route, { errorHandler }, (request, reply) => {
      const info = protocol.infoOfPath(pathOf(request));
      return info === false ? reply.callNotFound() : answer(request, reply, info);
    });
  }
  if (protocol.name !== 'seldon') return;
  const document = Buffer.from(openApi(options));
  for (const path of ['/api/v0.1/doc/seldon.json', '/api/v1.0/doc/seldon.json']) {
    server.get(path, (_request, reply) =>
      reply.header('content-type', 'application/json').send(document),
    );
  }
}
