/**
 * OPTIONS: what is served at a path, the preflight of browsers (cors.ts), and the handshake by which
 * a sender of webhooks asks whether its events are wanted here (CloudEvents HTTP 1.1 Web Hooks §4).
 *
 * 1. The handshake protects others from being named as targets; it decides nothing about who may
 *    send: that is up to authentication and network policy.
 * 2. Permission is given in the answer. `WebHook-Request-Callback` is never called: no address is
 *    taken from a request.
 */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { corsHeaders } from './cors.ts';
import { pathOf } from './request-parts.ts';

export interface WebhookOptions {
  /** DNS names of senders, in lower case; `*` is any. */
  readonly allowedOrigins: ReadonlySet<string>;
  /** Requests per minute, or `*`. */
  readonly allowedRate: string;
}

/**
 * @param corsOrigin see {@link corsHeaders}
 * @param methodsAt the methods by which something is served at this path
 */
export function registerOptions(
  server: FastifyInstance,
  { corsOrigin, webhook }: { readonly corsOrigin: string; readonly webhook: WebhookOptions },
  methodsAt: (path: string) => readonly string[],
): void {
  const cors = corsHeaders(corsOrigin) ?? {};
  server.options('/*', (request, reply) => {
    const methods = methodsAt(pathOf(request));
    if (methods.length === 0) return reply.callNotFound();
    const granted = methods.includes('POST') ? permission(request, webhook) : {};
    return reply
      .code(200)
      .headers({ ...cors, allow: methods.join(', '), ...granted })
      .header('content-length', '0')
      .send();
  });
}

/** Both headers where its events are taken, else none: the status says nothing (§4.2). */
function permission(
  { headers }: FastifyRequest,
  { allowedOrigins, allowedRate }: WebhookOptions,
): Record<string, string> {
  const origin = headers['webhook-request-origin'];
  if (typeof origin !== 'string' || origin === '') return {};
  const isAny = allowedOrigins.has('*');
  if (!isAny && !allowedOrigins.has(origin.toLowerCase())) return {};
  return { 'webhook-allowed-origin': isAny ? '*' : origin, 'webhook-allowed-rate': allowedRate };
}
