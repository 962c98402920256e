/**
 * The HTTP server: Fastify with bodies as bytes, every limit set, and every error a problem.
 */

import { maxHeaderSize, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify';
import { AdapterError } from '../errors.ts';
import { problemDetails } from '../problem-details.ts';
import { closeConnectionsWhenIdle } from './close-connections.ts';
import { registerCors } from './cors.ts';
import { errorOfFastify } from './refusals.ts';
import { problemHeaders, sendProblem } from './send-outcome.ts';

const maxCheckingIntervalMs = 1_000;
const maxModelNameLength = 1_000;

export interface HttpServerOptions {
  readonly maxBodyBytes: number;
  /** How long a sender may take to send its request, in ms. */
  readonly receiveTimeoutMs: number;
  /** See {@link registerCors}. */
  readonly corsOrigin: string;
}

/** Makes a server without routes that is not listening yet. */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const server = fastify({
    bodyLimit: options.maxBodyBytes,
    requestTimeout: options.receiveTimeoutMs,
    http: {
      requestTimeout: options.receiveTimeoutMs,
      headersTimeout: options.receiveTimeoutMs,
      // Node looks for senders that are too slow only so often; its default is 30 s.
      connectionsCheckingInterval: Math.min(options.receiveTimeoutMs, maxCheckingIntervalMs),
    },
    rewriteUrl,
    frameworkErrors: (error, _request, reply: FastifyReply) => {
      sendProblem(reply, errorOfFastify(error, options.maxBodyBytes));
    },
    // Draining answers for itself; Fastify's own 503 would not be a problem document.
    return503OnClosing: false,
    clientErrorHandler,
    // Names in paths are data: they are compared as they are.
    routerOptions: { caseSensitive: true, maxParamLength: maxModelNameLength },
  });
  // Node would drop headers beyond the thousandth without a word; their size is bounded anyway.
  server.server.maxHeadersCount = 0;
  closeConnectionsWhenIdle(server);
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  server.setErrorHandler((error: FastifyError, _request, reply) => {
    if (reply.sent) return;
    sendProblem(reply, errorOfFastify(error, options.maxBodyBytes));
  });
  server.setNotFoundHandler((request, reply) => {
    const allowed = allowedMethods(server, request);
    if (allowed.length > 0) reply.header('allow', allowed.join(', '));
    const unknown = allowed.length === 0;
    sendProblem(reply, unknown ? routeUnknown(request) : methodNotAllowed(request, allowed));
  });
  registerCors(server, options.corsOrigin, (path) => methodsAt(server, path).length > 0);
  return server;
}

/** A server must take the absolute form of a target, whatever its authority (RFC 9112 §3.2.2). */
function rewriteUrl({ url = '/' }: { readonly url?: string | undefined }): string {
  if (url.startsWith('/')) return url;
  const path = /^https?:\/\/[^/?#]*(.*)$/i.exec(url)?.[1] ?? url;
  // Without this the router would take `*` for the root.
  return path.startsWith('/') ? path : `/${path}`;
}

const methods = ['GET', 'POST'] as const;

/** The methods by which something is served at this path. */
const methodsAt = (server: FastifyInstance, path: string) =>
  methods.filter((method) => server.findRoute({ url: path, method }) !== null);

const allowedMethods = (server: FastifyInstance, request: FastifyRequest): string[] =>
  methodsAt(server, request.url.split('?')[0] ?? '/').filter((method) => method !== request.method);

const methodNotAllowed = (request: FastifyRequest, allowed: readonly string[]): AdapterError =>
  new AdapterError(
    'METHOD_NOT_ALLOWED',
    `${request.method} is not allowed on ${request.url}; use ${allowed.join(' or ')}`,
  );

const routeUnknown = (request: FastifyRequest): AdapterError =>
  new AdapterError(
    'ROUTE_UNKNOWN',
    `there is nothing at ${request.method} ${request.url}; events go to POST /, and SELDON_PROTOCOL decides which prediction paths there are`,
  );

/**
 * What Node could not even parse never reaches a route: it is answered on the bare socket. A whole
 * request before it on the same connection is answered first: this must not pass for its answer.
 */
function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  // What Node's own handler looks at too: the response that this connection is waiting for.
  const { _httpMessage: pending } = socket as Socket & { _httpMessage?: ServerResponse | null };
  if (pending?.req.complete === true) {
    if (pending.listenerCount('close', closeConnection) === 0) pending.on('close', closeConnection);
    return;
  }
  const problem = clientProblem(error.code);
  const body = JSON.stringify(problemDetails(problem));
  const headers = { ...problemHeaders(problem), connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${problem.status} ${reasonPhrases[problem.status] ?? 'Bad Request'}\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function closeConnection(this: ServerResponse): void {
  this.req.socket.destroy();
}

const reasonPhrases: Readonly<Record<number, string>> = {
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

function clientProblem(code: string | undefined): AdapterError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new AdapterError(
      'REQUEST_MALFORMED',
      `the headers are larger than ${maxHeaderSize} bytes`,
      {
        status: 431,
      },
    );
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new AdapterError('REQUEST_MALFORMED', 'the request was not sent in time', {
      status: 408,
    });
  }
  return new AdapterError('REQUEST_MALFORMED', `not a valid HTTP request (${code ?? 'unknown'})`);
}
