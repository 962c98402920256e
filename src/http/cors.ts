/**
 * Cross-origin requests of browsers (Fetch §3.2), answered as Seldon's executor answers them; the
 * headers are sent only to those that name an origin, which browsers always do.
 */

import type { FastifyInstance } from 'fastify';

const allowedMethods = 'GET, OPTIONS, POST';
/** The executor's list, and what an event in binary mode needs. */
const allowedHeaders =
  'Accept, Accept-Encoding, Authorization, Content-Length, Content-Type, X-CSRF-Token, Seldon-Puid, Ce-Id, Ce-Source, Ce-Specversion, Ce-Type, Ce-Subject, Ce-Time';
const exposedHeaders =
  'Seldon-Puid, Ce-Id, Ce-Source, Ce-Specversion, Ce-Type, Ce-Time, Retry-After';

/**
 * @param origin the one that may read answers; `*` for all, `none` for no page of another origin
 * @param takes whether something is served at this path, by GET or POST
 */
export function registerCors(
  server: FastifyInstance,
  origin: string,
  takes: (path: string) => boolean,
): void {
  if (origin === 'none') return;
  const headers = {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': allowedMethods,
    'access-control-allow-headers': allowedHeaders,
    'access-control-expose-headers': exposedHeaders,
  };
  server.addHook('onRequest', (request, reply, done) => {
    if (request.raw.headers.origin !== undefined) reply.headers(headers);
    done();
  });
  server.options('/*', (request, reply) => {
    const [path = '/'] = (request.raw.url ?? '/').split('?', 1);
    if (!takes(path)) return reply.callNotFound();
    return reply.code(200).headers(headers).header('allow', allowedMethods).send();
  });
}
