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
 * @returns undefined for `none`
 */
export const corsHeaders = (origin: string): Record<string, string> | undefined =>
  origin === 'none'
    ? undefined
    : {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': allowedMethods,
        'access-control-allow-headers': allowedHeaders,
        'access-control-expose-headers': exposedHeaders,
      };

/** Lets a page of `origin` (see {@link corsHeaders}) read answers. */
export function registerCors(server: FastifyInstance, origin: string): void {
  const headers = corsHeaders(origin);
  if (headers === undefined) return;
  server.addHook('onRequest', (request, reply, done) => {
    if (request.raw.headers.origin !== undefined) reply.headers(headers);
    done();
  });
}
