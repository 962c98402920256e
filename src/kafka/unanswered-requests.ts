/**
 * Requests whose answers kafkajs would await for ever.
 *
 * kafkajs takes a connection that is being closed for one that is open, so a request can still be
 * written between the moment when its queue is found empty and the end of the socket. Nothing
 * rejects that request: the clock for its timeout has stopped, and the closing of the socket is no
 * news any more. As the first request of a connection is sent under the broker's lock, every later
 * call to that broker waits for the lock and fails. Seen when a second caller authenticates while a
 * refusal of the first closes the connection.
 */

import type { Socket } from 'node:net';

/**
 * Makes a request that was written to the socket and not answered fail when kafkajs ends the
 * socket: `error` is the event after which kafkajs rejects what is under way.
 * @returns the socket
 */
export function failUnanswered(socket: Socket): Socket {
  let awaiting = false;
  // kafkajs may disconnect what never connected again and again, and each time waits for it to.
  socket.setMaxListeners(0);
  const write = socket.write.bind(socket);
  const end = socket.end.bind(socket);
  socket.write = ((...args: Parameters<typeof write>) => {
    awaiting = true;
    return write(...args);
  }) as Socket['write'];
  socket.end = ((...args: Parameters<typeof end>) => {
    // Once the broker has ended it, kafkajs knows.
    const unanswered = awaiting && !socket.readableEnded;
    awaiting = false;
    end(...args);
    if (unanswered) socket.emit('error', new Error('the connection was closed before the answer'));
    return socket;
  }) as Socket['end'];
  // With several under way kafkajs waits for all before it ends the socket; this is for the late one.
  socket.on('data', () => {
    awaiting = false;
  });
  return socket;
}
