/**
 * Moves bytes between a socket and its connection.
 *
 * P1 What a turn of the event loop gathers is written at once: calls that are made together share a
 *    write.
 * P2 What the socket does not take stays with the connection, which knows what it may gather. The
 *    peer is read from all the same: one that waits for us to read would not read either.
 */

import type { Socket } from 'node:net';
import type { Connection } from '../http2/connection.ts';

export interface SocketPump {
  /** There is something to write. */
  readonly wake: () => void;
  /** Begins to read and to write. */
  readonly start: (connection: Connection) => void;
  /** Writes what there is, and then ends the socket. */
  readonly end: () => void;
}

/** Makes it; the socket is connected, or about to be. */
export function createSocketPump(socket: Socket): SocketPump {
  let connection: Connection | undefined;
  let isAwake = false;

  const flush = (): void => {
    isAwake = false;
    // 'drain' comes back to it.
    if (connection === undefined || socket.destroyed || socket.writableNeedDrain) return;
    const chunks = connection.writer.take();
    socket.cork();
    for (const chunk of chunks) socket.write(chunk);
    socket.uncork();
  };

  const wake = (): void => {
    if (isAwake) return;
    isAwake = true;
    setImmediate(flush);
  };

  return {
    wake,
    start: (ready) => {
      connection = ready;
      socket.on('data', (chunk: Buffer) => ready.receive(chunk));
      socket.on('drain', flush);
      wake();
    },
    end: () => {
      flush();
      socket.destroySoon();
    },
  };
}
