/**
 * Who may call: tokens and client certificates are asked for on every route but those of health and
 * metrics, which kubelets and Prometheus read without any.
 *
 * W1 A caller is judged before its body is read.
 * W2 Its token goes no further: it is taken off the request, so that neither the predictor nor a log
 *    can get it.
 */

import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { FastifyError, FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { AdmitCaller } from '../delivery/admit-caller.ts';
import type { Log } from '../delivery/ports.ts';
import { AdapterError } from '../errors.ts';
import type { Protocol } from '../inference/protocol.ts';
import { answerRefused } from './refused.ts';
import { removeRaw } from './request-parts.ts';

export interface GuardOptions {
  /** Paths that stay open. */
  readonly open: ReadonlySet<string>;
  /** Whether a client certificate must be shown. */
  readonly certificates: boolean;
  readonly protocol: Protocol;
}

export interface GuardDeps {
  /** Undefined: no token is asked for. */
  readonly admit: AdmitCaller | undefined;
  readonly log: Log;
}

/** Guards the routes that are registered from now on. */
export function guardRoutes(
  server: FastifyInstance,
  { open, certificates, protocol }: GuardOptions,
  { admit, log }: GuardDeps,
): void {
  const checks: onRequestHookHandler[] = [];
  if (certificates) checks.push(checkCertificate);
  if (admit !== undefined) checks.push(checkToken(admit));

  const errorHandler = answerRefused(protocol, log);

  server.addHook('onRoute', (route) => {
    // Browsers ask by OPTIONS what they may send, and by the rules send nothing of the user's.
    if (route.method === 'OPTIONS' || open.has(route.url)) return;
    route.onRequest = [...checks, ...[route.onRequest ?? []].flat()];
    route.errorHandler ??= errorHandler;
  });
}

const checkCertificate: onRequestHookHandler = (request, _reply, done) => {
  const { authorized } = request.raw.socket as TLSSocket;
  done(authorized ? undefined : asFastify(certificateRequired(request.raw.socket as TLSSocket)));
};

function checkToken(admit: AdmitCaller): onRequestHookHandler {
  return (request, reply, done) => {
    const judged = admit(request.raw.headers.authorization);
    if (judged === undefined) {
      dropAuthorization(request.raw);
      return done();
    }
    const tell = (refusal: AdapterError | undefined): void => {
      if (refusal === undefined) dropAuthorization(request.raw);
      if (refusal?.status === 401) reply.header('www-authenticate', challenge(request));
      done(refusal && asFastify(refusal));
    };
    if (!(judged instanceof Promise)) return tell(judged);
    judged.then(tell, (error) => done(asFastify(AdapterError.from(error))));
  };
}

/** RFC 6750 §3: no error code where nothing was sent. */
const challenge = ({ headers }: FastifyRequest): string =>
  headers.authorization === undefined ? 'Bearer' : 'Bearer error="invalid_token"';

/** Fastify's type has fields that it does not need. */
const asFastify = (error: AdapterError): FastifyError => error as unknown as FastifyError;

function dropAuthorization(request: IncomingMessage): void {
  removeRaw(request.rawHeaders, 'authorization');
  // Cheaper than to delete it, and the same to all who read it.
  request.headers.authorization = undefined;
}

function certificateRequired({ authorizationError }: TLSSocket): AdapterError {
  // The code of OpenSSL, of which the types know less.
  const reason = String(
    (authorizationError as Error & { code?: string })?.code ?? authorizationError,
  );
  const isMissing = reason === 'UNABLE_TO_GET_ISSUER_CERT';
  return new AdapterError(
    'CERTIFICATE_REQUIRED',
    isMissing
      ? 'a client certificate is needed here: show one of an authority in TLS_CLIENT_CA_FILE'
      : `the client certificate is not taken (${reason}): show a valid one of an authority in TLS_CLIENT_CA_FILE`,
  );
}
