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

/** Takes a header off Node's raw ones. @param wanted its name in lower case */
export function removeRaw(rawHeaders: string[], wanted: string): void {
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length === wanted.length && name.toLowerCase() === wanted) rawHeaders.splice(i, 2);
  }
}

/** Counts an answered request; `request` tells which one, for those that look at an example. */
export type CountServed = (
  service: string,
  status: number,
  seconds: number,
  request: FastifyRequest,
) => void;
