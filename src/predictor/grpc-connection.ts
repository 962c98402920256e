/**
 * One HTTP/2 connection to a predictor, kept alive.
 *
 * C1 It is `usable` until the server says goodbye, it breaks, or it proves dead; calls under way
 *    then end by themselves, and new ones go to another connection.
 * C2 A connection that swallowed a call's time is asked for a sign of life: a peer that vanished
 *    without a word must not swallow the next one's.
 */

import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';

export interface GrpcConnectionOptions {
  /** `grpc:` or `grpcs:`. */
  readonly url: URL;
  readonly connectTimeoutMs: number;
  readonly tls: TlsFiles;
}

export interface GrpcConnection {
  readonly usable: () => boolean;
  readonly connected: () => boolean;
  /** Calls under way. */
  readonly calls: () => number;
  /** How many calls the server takes at once. */
  readonly places: () => number;
  /** Why it broke, where it did. */
  readonly fault: () => Error | undefined;
  /** @throws Error where the headers cannot be sent */
  readonly request: (headers: Record<string, string | string[]>) => ClientHttp2Stream;
  readonly askForLife: () => void;
  readonly destroy: () => void;
}

const tcpKeepAliveMs = 10_000;
const signOfLifeMs = 5_000;
/** Per stream and per connection: HTTP/2's default of 64 KiB would make large answers stop and go. */
const windowBytes = 1024 * 1024;
/** Until the server's settings have come; most allow 100 or more (RFC 9113 §6.5.2). */
const assumedPlaces = 100;

/** Begins to connect. @param ended is told once, when it is of no more use */
export function openGrpcConnection(
  options: GrpcConnectionOptions,
  ended: (connection: GrpcConnection) => void,
): GrpcConnection {
  const session = connectTo(options);
  let state: 'connecting' | 'connected' | 'over' = 'connecting';
  let connected = false;
  let calls = 0;
  let fault: Error | undefined;
  let asking: NodeJS.Timeout | undefined;

  const over = (): void => {
    clearTimeout(connecting);
    if (state === 'over') return;
    state = 'over';
    ended(connection);
  };
  const destroy = (error?: Error): void => {
    fault ??= error;
    over();
    session.destroy(error);
  };
  const connecting = setTimeout(() => {
    destroy(new Error(`no connection within ${options.connectTimeoutMs} ms, CONNECT_TIMEOUT_MS`));
  }, options.connectTimeoutMs);

  session.on('connect', () => {
    clearTimeout(connecting);
    if (state === 'over') return;
    state = 'connected';
    connected = true;
    session.setLocalWindowSize(windowBytes);
  });
  session.on('error', (error) => {
    fault ??= error;
    over();
  });
  session.on('goaway', over);
  session.on('close', () => {
    clearTimeout(asking);
    over();
  });

  const connection: GrpcConnection = {
    usable: () => state !== 'over',
    connected: () => connected,
    calls: () => calls,
    places: () =>
      connected ? (session.remoteSettings.maxConcurrentStreams ?? assumedPlaces) : assumedPlaces,
    fault: () => fault,
    request: (headers) => {
      const stream = session.request(headers);
      calls += 1;
      stream.on('close', () => {
        calls -= 1;
        if (state === 'over' && calls === 0) session.close();
      });
      return stream;
    },
    askForLife: () => {
      if (state !== 'connected' || asking !== undefined) return;
      asking = setTimeout(() => destroy(new Error('no sign of life')), signOfLifeMs);
      session.ping(() => {
        clearTimeout(asking);
        asking = undefined;
      });
    },
    destroy: () => destroy(),
  };
  return connection;
}

function connectTo({ url, tls }: GrpcConnectionOptions): ClientHttp2Session {
  const secure = url.protocol === 'grpcs:';
  const authority = `${secure ? 'https' : 'http'}://${url.host}`;
  return connect(authority, {
    // Of the socket; what the types leave out is passed on to it.
    ...{ noDelay: true, keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMs },
    // Each call bounds what it reads; together they may need more than Node's 10 MB.
    maxSessionMemory: Number.MAX_SAFE_INTEGER,
    peerMaxConcurrentStreams: assumedPlaces,
    settings: { enablePush: false, initialWindowSize: windowBytes },
    ...(secure && readTlsFiles(tls)),
  });
}
