/** Finds ports that servers started by the demo and by tests can listen on. */

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the range from which Linux takes the near ends of outgoing connections (32768 and up). A
 * port from within it could be lost to such a connection while a stopped server waits to be
 * started again, and a client that keeps trying to connect to it would in the end reach itself.
 */
const lowest = 20_000;
const highest = 32_000;

/** Given out by this process: whoever asked may not listen yet. */
const given = new Set<number>();

/** A port of 127.0.0.1 that nobody listens on, another one for each call. */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(lowest, highest);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port found between ${lowest} and ${highest} on 127.0.0.1`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      probe.close(() => resolve(true));
    });
  });
}
