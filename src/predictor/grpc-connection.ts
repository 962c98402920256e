/**
 * One HTTP/2 connection to a predictor, kept alive.
 *
 * C1 It is of use until the server says goodbye, it breaks, or it proves dead; calls under way
 *    then end by themselves, and new ones go to another connection.
 * C2 A connection that swallowed a call's time is asked for a sign of life: a peer that vanished
 *    without a word must not swallow the next one's.
 */

import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Connection } from '../http2/connection.ts';
import { errorCode } from '../http2/frame.ts';
import type { Stream, StreamOwner } from '../http2/stream.ts';
import { createSocketPump } from './socket-pump.ts';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';

export interface GrpcConnectionOptions {
  /** `grpc:` or `grpcs:`. */
  readonly url: URL;
  readonly connectTimeoutMs: number;
  readonly tls: TlsFiles;
}

export interface GrpcConnection {
  readonly connected: () => boolean;
  /** Calls under way. */
  readonly calls: () => number;
  /** How many calls the server takes at once. */
  readonly places: () => number;
  /** Why it broke, where it did. */
  readonly fault: () => Error | undefined;
  /** Begins a call. @param head encoded; @param message with its prefix */
  readonly begin: (head: Buffer, message: Buffer, owner: StreamOwner) => Stream;
  /** Ends a call that nobody waits for any more. */
  readonly cancel: (stream: Stream) => void;
  readonly askForLife: () => void;
  readonly destroy: () => void;
}

const tcpKeepAliveMs = 10_000;
const signOfLifeMs = 5_000;
/** HTTP/2's default of 64 KiB would make large answers stop and go. */
const windows = { ofStream: 1024 * 1024, ofConnection: 16 * 1024 * 1024 };
const maxHeaderListBytes = 64 * 1024;

/**
 * Begins to connect. @param ended is told once, when it is of no more use
 * @throws Error where files of certificates cannot be read
 */
export function openGrpcConnection(
  options: GrpcConnectionOptions,
  ended: (connection: GrpcConnection) => void,
): GrpcConnection {
  const socket = connectTo(options);
  const pump = createSocketPump(socket);
  let state: 'connecting' | 'connected' | 'over' = 'connecting';
  let connected = false;
  let fault: Error | undefined;
  let asking: NodeJS.Timeout | undefined;

  const over = (): void => {
    clearTimeout(connecting);
    if (state === 'over') return;
    state = 'over';
    ended(self);
  };
  const endUnlessUsed = (): void => {
    if (state === 'over' && connection.active === 0) pump.end();
  };
  const connection: Connection = new Connection(
    { windows, maxHeaderListBytes },
    {
      wake: pump.wake,
      greeted: () => {
        clearTimeout(connecting);
        connected = true;
        if (state === 'connecting') state = 'connected';
      },
      goneAway: () => {
        over();
        endUnlessUsed();
      },
      streamClosed: endUnlessUsed,
      broken: (error) => {
        fault ??= error;
        over();
        pump.end();
      },
    },
  );
  const destroy = (error?: Error): void => {
    fault ??= error;
    over();
    connection.end();
    socket.destroy();
  };
  // Until it speaks HTTP/2: one that accepts and says nothing is no connection either.
  const connecting = setTimeout(() => {
    destroy(new Error(`no connection within ${options.connectTimeoutMs} ms, CONNECT_TIMEOUT_MS`));
  }, options.connectTimeoutMs);

  socket.on('secureConnect', () => {
    if ('alpnProtocol' in socket && socket.alpnProtocol === 'h2') return;
    destroy(new Error('its TLS does not offer HTTP/2 (ALPN h2), which gRPC needs'));
  });
  socket.on('error', (error) => {
    fault ??= error;
  });
  socket.on('close', () => {
    clearTimeout(asking);
    over();
    connection.end();
  });

  const self: GrpcConnection = {
    connected: () => connected,
    calls: () => connection.active,
    places: () => connection.places,
    fault: () => fault,
    begin: (head, message, owner) => connection.request(head, message, owner),
    cancel: (stream) => connection.reset(stream, errorCode.cancel),
    askForLife: () => {
      if (state !== 'connected' || asking !== undefined) return;
      asking = setTimeout(() => destroy(new Error('no sign of life')), signOfLifeMs);
      connection.ping(() => {
        clearTimeout(asking);
        asking = undefined;
      });
    },
    destroy: () => destroy(),
  };
  pump.start(connection);
  return self;
}

const isSecure = ({ url }: GrpcConnectionOptions): boolean => url.protocol === 'grpcs:';

function connectTo(options: GrpcConnectionOptions): Socket {
  const { url, tls } = options;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const alive = { noDelay: true, keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMs };
  if (!isSecure(options)) return connectTcp({ host, port: Number(url.port) || 80, ...alive });
  return connectTls({
    ...{ host, port: Number(url.port) || 443, ALPNProtocols: ['h2'], ...alive },
    ...(isIP(host) === 0 && { servername: host }),
    ...readTlsFiles(tls),
  });
}
