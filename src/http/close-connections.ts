/**
 * Lets a closing server end when its last answer is out, not when the last sender hangs up.
 *
 * Node closes idle connections once, as the listener closes; those that become idle later, or over
 * which nothing ever came, it waits for.
 */

import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

const intervalMs = 100;

/** Registers what closes them; to be called before the server listens. */
export function closeConnectionsWhenIdle(fastify: FastifyInstance): void {
  const { server } = fastify;
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const closeIdle = (): void => {
    server.closeIdleConnections();
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  };
  fastify.addHook('preClose', (done) => {
    const timer = setInterval(closeIdle, intervalMs);
    timer.unref();
    server.once('close', () => clearInterval(timer));
    done();
  });
}
