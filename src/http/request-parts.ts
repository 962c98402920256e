/** What several routes read of a request. */

import type { FastifyRequest } from 'fastify';

/** The caller's `Seldon-Puid`; undefined where it gave none. */
export function puidOf({ headers }: FastifyRequest): string | undefined {
  const puid = headers['seldon-puid'];
  return typeof puid === 'string' && puid !== '' ? puid : undefined;
}

/** The path as it was sent: a model's name is passed on unchanged. */
export function pathOf(request: FastifyRequest): string {
  const { url } = request.raw;
  const path = url ?? '/';
  const query = path.indexOf('?');
  return query < 0 ? path : path.slice(0, query);
}
