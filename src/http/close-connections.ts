/**
 * Lets a closing server end when its last answer is out, not when the last sender hangs up.
 *
 * Node closes idle connections once, as the listener closes; those that become idle later, or over
 * which nothing ever came, it waits for.
 */

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { FastifyInstance } from 'fastify';

const intervalMs = 100;

/** Registers what closes them; to be called before the server listens. */
export function closeConnectionsWhenIdle(fastify: FastifyInstance): void {
  const { server } = fastify;
  const sockets = new Set<Socket>();
  const add = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  server.on('connection', add);
  /** Encrypted ones have read bytes before the first request: they are kept till it comes. */
  const silent = new Set<Socket>();
  if (server instanceof TlsServer) {
    server.on('secureConnection', (socket) => {
      silent.add(socket);
      socket.once('close', () => silent.delete(socket));
    });
    server.on('request', ({ socket }: IncomingMessage) => silent.delete(socket));
  }
  const closeIdle = (): void => {
    server.closeIdleConnections();
    for (const socket of silent) socket.destroy();
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  };
  fastify.addHook('preClose', (done) => {
    const timer = setInterval(closeIdle, intervalMs);
    timer.unref();
    server.once('close', () => clearInterval(timer));
    done();
  });
}
