/** What is wrong with a request before its route runs: a caller that is turned away, a body that is too large. */

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../delivery/ports.ts';
import { decodeHttp } from '../event/http-message.ts';
import type { Protocol } from '../inference/protocol.ts';
import { sendFailure } from './plain-prediction.ts';
import { errorOfFastify } from './refusals.ts';
import { sendProblem } from './send-outcome.ts';
import { tellFailure } from './tell-failure.ts';

/** As Fastify takes it for a route. */
export type HandleError = (
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
) => void;

/**
 * For routes that have no words of their own for it.
 * @param count counts the answered request; undefined where the route's are not counted
 */
export function answerRefused(
  protocol: Protocol,
  log: Log,
  count?: (request: FastifyRequest, reply: FastifyReply) => void,
): HandleError {
  return (error, request, reply) => {
    const told = errorOfFastify(error, request.routeOptions.bodyLimit ?? 0);
    tellFailure(log, told, { request, what: 'the request' });
    const isEvent = decodeHttp(request.raw.rawHeaders, noBody).kind !== 'none';
    if (told.code === 'BODY_TOO_LARGE' || isEvent) sendProblem(reply, told);
    else sendFailure(reply, told, protocol);
    count?.(request, reply);
  };
}

const noBody = Buffer.alloc(0);
