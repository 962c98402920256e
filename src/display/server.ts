/**
 * event-display: takes CloudEvents over HTTP, prints each of them, and shows them on a page.
 *
 * 1. An event is answered 202 and nothing more, which in Knative means "taken, no reply event".
 * 2. Of a batch all events are printed or none is.
 * 3. What is refused is answered with everything that is wrong with it, and not printed.
 */

import { Buffer } from 'node:buffer';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Problem } from '../errors.ts';
import type { Event } from '../event/event.ts';
import { decodeHttp } from '../event/http-message.ts';
import { formatEvent } from './format.ts';
import { addPage, type PageOptions } from './page/routes.ts';
import { refuse } from './refuse.ts';

export interface DisplayOptions {
  readonly host: string;
  /** 0 for one that is free. */
  readonly port: number;
  /** Takes the lines of an event one by one. */
  readonly print: (line: string) => void;
  readonly maxBodyBytes: number;
  /** Without it there is no page. */
  readonly page?: PageOptions | undefined;
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
    refuse(
      reply,
      'ROUTE_UNKNOWN',
      'POST events to any path; GET /livez and /readyz, and the page at /',
    ),
  );
  app.get('/livez', () => 'ok');
  app.get('/readyz', () => 'ok');
  const page = options.page && (await addPage(app, options.page));
  const take = (event: Event) => {
    for (const line of formatEvent(event)) options.print(line);
    page?.show(event);
  };
  app.post('/*', (request, reply) => takeEvents(request, reply, take));
  const url = await app.listen({ host: options.host, port: options.port });
  return {
    url,
    close() {
      page?.close();
      return app.close();
    },
  };
}

/** The decoder wants bytes, whatever the content type says. */
function takeBodiesAsBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

function takeEvents(request: FastifyRequest, reply: FastifyReply, take: (event: Event) => void) {
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
  for (const event of events) take(event);
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
