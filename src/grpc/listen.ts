/** The HTTP/2 side of the server: connections, their limits, and their end. */

import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import type { AddressInfo, Server as NetServer } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { keepSession, sessionTimes } from './keep-session.ts';
import type { TakeCall } from './take-call.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Calls that may be under way on one connection. */
  readonly maxStreams: number;
  /** With it connections are encrypted. */
  readonly certificate?: GrpcCertificate | undefined;
  /** Bounds the connections that it takes. */
  readonly bound?: ((server: NetServer) => void) | undefined;
}

export interface GrpcCertificate {
  readonly pair: {
    readonly cert: string;
    readonly key: string;
    /** Authorities of client certificates, of which each connection must show one. */
    readonly ca?: string | undefined;
  };
  /** Has the server show another certificate when it changes. */
  readonly follow: (server: TlsServer) => void;
}

export interface GrpcServer {
  readonly port: number;
  /** Lets calls under way end, for so long; then ends them. */
  readonly close: (timeoutMs: number) => Promise<void>;
}

/** The types leave out the last. */
type OnStream = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: readonly string[],
) => void;

/** Per stream and per connection: HTTP/2's default of 64 KiB would make large messages stop and go. */
const windowBytes = 1024 * 1024;

/** Listens. @throws Error with the code of the system, such as EADDRINUSE */
export async function listen(options: ListenOptions, take: TakeCall): Promise<GrpcServer> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createEither(options.certificate, {
    // Each call bounds what it reads and writes; together they may need more than Node's 10 MB.
    maxSessionMemory: Number.MAX_SAFE_INTEGER,
    settings: { maxConcurrentStreams: options.maxStreams, initialWindowSize: windowBytes },
  });
  // What a peer does wrong ends its connection, which is all there is to do about it.
  server.on('sessionError', () => undefined);
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.setLocalWindowSize(windowBytes);
    const callBegan = keepSession(session, sessionTimes);
    const begin: OnStream = (stream, headers, _flags, rawHeaders) => {
      callBegan();
      take(stream, headers, rawHeaders);
    };
    session.on('stream', begin);
  });
  options.bound?.(server);
  await bind(server, options);
  const { port } = server.address() as AddressInfo;
  return { port, close: (timeoutMs) => shutDown(server, sessions, timeoutMs) };
}

/** For those that connect and say nothing. */
const handshakeTimeoutMs = 10_000;

function createEither(
  certificate: GrpcCertificate | undefined,
  options: ServerOptions,
): Http2Server | Http2SecureServer {
  if (certificate === undefined) return createServer(options);
  const { pair, follow } = certificate;
  const server = createSecureServer({
    ...options,
    ...pair,
    handshakeTimeout: handshakeTimeoutMs,
    // No prober of Kubernetes speaks gRPC over TLS: nobody needs to be let in without.
    requestCert: pair.ca !== undefined,
    rejectUnauthorized: true,
  });
  follow(server);
  return server;
}

function bind(
  server: Http2Server | Http2SecureServer,
  { host, port }: ListenOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function shutDown(
  server: Http2Server | Http2SecureServer,
  sessions: ReadonlySet<ServerHttp2Session>,
  timeoutMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    const force = (): void => {
      for (const session of sessions) session.destroy(undefined, constants.NGHTTP2_CANCEL);
    };
    const timer = setTimeout(force, timeoutMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    for (const session of sessions) session.close();
  });
}
