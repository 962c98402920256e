/**
 * event-display: takes CloudEvents over HTTP and prints each of them.
 *
 * 1. An event is answered 202 and nothing more, which in Knative means "taken, no reply event".
 * 2. Of a batch all events are printed or none is.
 * 3. What is refused is answered with everything that is wrong with it, and not printed.
 */

import { Buffer } from 'node:buffer';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { AdapterError, type ErrorCode, type Problem } from '../errors.ts';
import type { Event } from '../event/event.ts';
import { decodeHttp } from '../event/http-message.ts';
import { problemDetails } from '../problem-details.ts';
import { formatEvent } from './format.ts';

export interface DisplayOptions {
  readonly host: string;
  /** 0 for one that is free. */
  readonly port: number;
  /** Takes the lines of an event one by one. */
  readonly print: (line: string) => void;
  readonly maxBodyBytes: number;
}

export interface Display {
  readonly url: string;
  /** Cuts requests whose body is still on its way, and gives the port back. */
  close(): Promise<void>;
}

/** So long a sender may take over its request. */
const requestTimeoutMs = 10_000;

/** Starts the server; it takes events when this resolves. */
export async function createDisplay(options: DisplayOptions): Promise<Display> {
  const app = fastify({
    bodyLimit: options.maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    // An event is printed and answered in one go, so what is cut was not taken.
    forceCloseConnections: true,
    frameworkErrors: answerError,
  });
  takeBodiesAsBytes(app);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((_request, reply) =>
    refuse(reply, 'ROUTE_UNKNOWN', 'POST events to any path; GET /livez and /readyz'),
  );
  app.get('/livez', () => 'ok');
  app.get('/readyz', () => 'ok');
  app.post('/*', (request, reply) => takeEvents(request, reply, options.print));
  const url = await app.listen({ host: options.host, port: options.port });
  return { url, close: () => app.close() };
}

/** The decoder wants bytes, whatever the content type says. */
function takeBodiesAsBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

function takeEvents(request: FastifyRequest, reply: FastifyReply, print: (line: string) => void) {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const message = decodeHttp(request.raw.rawHeaders, body);
  if (message.kind === 'none') {
    return refuse(
      reply,
      'EVENT_EXPECTED',
      'event-display takes CloudEvents only: send Ce-* headers',
    );
  }
  const decoded = message.kind === 'batch' ? message.events : [message];
  const events: Event[] = [];
  const problems: Problem[] = [];
  for (const [i, one] of decoded.entries()) {
    if (one.kind === 'event') events.push(one.event);
    else problems.push(...(message.kind === 'batch' ? inBatch(i, one.problems) : one.problems));
  }
  if (problems.length > 0) {
    return refuse(
      reply,
      'EVENT_INVALID',
      'nothing was printed: put right what is listed',
      problems,
    );
  }
  for (const event of events) for (const line of formatEvent(event)) print(line);
  return reply.code(202).send();
}

const inBatch = (i: number, problems: readonly Problem[]): Problem[] =>
  problems.map(({ where, reason }) => ({ where: where ? `[${i}].${where}` : `[${i}]`, reason }));

/** What Fastify itself refuses: its 4xx messages speak of the request; anything else is ours. */
function answerError(
  error: Error & { readonly statusCode?: number },
  _request: FastifyRequest,
  reply: FastifyReply,
) {
  const status = error.statusCode ?? 500;
  if (status === 413) {
    return refuse(reply, 'BODY_TOO_LARGE', 'the body is larger than MAX_BODY_BYTES allows');
  }
  if (status < 400 || status >= 500) return refuse(reply, 'INTERNAL', 'event-display failed');
  return refuse(reply, 'REQUEST_MALFORMED', error.message);
}

function refuse(
  reply: FastifyReply,
  code: ErrorCode,
  message: string,
  problems: readonly Problem[] = [],
) {
  const error = new AdapterError(code, message, { problems });
  return reply
    .code(error.status)
    .header('Content-Type', 'application/problem+json')
    .send(JSON.stringify(problemDetails(error)));
}
