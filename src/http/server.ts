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
import type { Protocol } from '../inference/protocol.ts';
import { problemDetails } from '../problem-details.ts';
import { closeConnectionsWhenIdle } from './close-connections.ts';
import { registerCors } from './cors.ts';
import { registerOptions, type WebhookOptions } from './options.ts';
import { errorOfFastify } from './refusals.ts';
import { problemHeaders, sendProblem } from './send-outcome.ts';
import type { KeyPair } from './server-certificate.ts';

const maxCheckingIntervalMs = 1_000;
const maxModelNameLength = 1_000;

export interface HttpServerOptions {
  readonly maxBodyBytes: number;
  /** How long a sender may take to send its request, in ms. */
  readonly receiveTimeoutMs: number;
  /** See {@link registerCors}. */
  readonly corsOrigin: string;
  /** With it the server speaks HTTPS. */
  readonly keyPair?: KeyPair | undefined;
  readonly webhook: WebhookOptions;
  /** Decides which of the paths that its patterns cover there are. */
  readonly protocol: Pick<Protocol, 'modelOfPath' | 'infoOfPath'>;
}

/** Makes a server without routes that is not listening yet. */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const http = {
    requestTimeout: options.receiveTimeoutMs,
    headersTimeout: options.receiveTimeoutMs,
    // Node looks for senders that are too slow only so often; its default is 30 s.
    connectionsCheckingInterval: Math.min(options.receiveTimeoutMs, maxCheckingIntervalMs),
  };
  const settings = {
    bodyLimit: options.maxBodyBytes,
    requestTimeout: options.receiveTimeoutMs,
    rewriteUrl,
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
      sendProblem(reply, errorOfFastify(error, options.maxBodyBytes));
    },
    // Draining answers for itself; Fastify's own 503 would not be a problem document.
    return503OnClosing: false,
    clientErrorHandler,
    // Names in paths are data: they are compared as they are.
    routerOptions: { caseSensitive: true, maxParamLength: maxModelNameLength },
  };
  const { keyPair } = options;
  const server: FastifyInstance =
    keyPair === undefined
      ? fastify({ ...settings, http })
      : fastify({ ...settings, https: { ...http, ...tlsOptions(keyPair) } });
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
    const allowed = methodsAt(request.url.split('?', 1)[0] ?? '/');
    if (allowed.length > 0) reply.header('allow', allowed.join(', '));
    const isUnknown = allowed.length === 0 || allowed.includes(request.method);
    sendProblem(reply, isUnknown ? routeUnknown(request) : methodNotAllowed(request, allowed));
  });
  const methodsAt = createMethodsAt(server, options.protocol);
  registerCors(server, options.corsOrigin);
  registerOptions(server, options, methodsAt);
  return server;
}

/** For senders that connect and say nothing. */
const handshakeTimeoutMs = 10_000;

/** Kubelets have no certificate to show: who must show one is for the routes to say (guard.ts). */
const tlsOptions = (keyPair: KeyPair) => ({
  ...keyPair,
  handshakeTimeout: handshakeTimeoutMs,
  requestCert: keyPair.ca !== undefined,
  rejectUnauthorized: false,
});

/** A server must take the absolute form of a target, whatever its authority (RFC 9112 §3.2.2). */
function rewriteUrl({ url = '/' }: { readonly url?: string | undefined }): string {
  if (url.startsWith('/')) return url;
  const path = /^https?:\/\/[^/?#]*(.*)$/i.exec(url)?.[1] ?? url;
  // Without this the router would take `*` for the root.
  return path.startsWith('/') ? path : `/${path}`;
}

/** The methods by which something is served at a path, as `Allow` has them; none where nothing is. */
function createMethodsAt(
  server: FastifyInstance,
  { modelOfPath, infoOfPath }: HttpServerOptions['protocol'],
): (path: string) => string[] {
  const isServed = (method: 'GET' | 'POST', url: string): boolean => {
    const params = server.findRoute({ url, method })?.params;
    if (params === undefined) return false;
    // A pattern covers more than the protocol has.
    if (method === 'POST') return !('*' in params) || modelOfPath(url) !== false;
    return !('model' in params) || infoOfPath(url) !== false;
  };
  return (path) => {
    const reads = isServed('GET', path) ? ['GET', 'HEAD'] : [];
    const writes = isServed('POST', path) ? ['POST'] : [];
    return reads.length + writes.length === 0 ? [] : [...reads, 'OPTIONS', ...writes];
  };
}

const methodNotAllowed = (request: FastifyRequest, allowed: readonly string[]): AdapterError =>
  new AdapterError(
    'METHOD_NOT_ALLOWED',
    `${request.method} is not allowed on ${request.url}; use ${allowed.filter((method) => method === 'GET' || method === 'POST').join(' or ')}`,
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
  // Over a connection that is not encrypted yet nothing can be told.
  if (!socket.writable || error.code?.startsWith('ERR_SSL_')) {
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
