/**
 * A predictor of so many servers, which answer one request at a time each; what comes meanwhile
 * waits within it, first come first served. It goes on with what its caller has given up. On a real
 * socket; how long an answer takes may change at any time.
 */

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface QueueingPredictor {
  readonly url: string;
  /** How long a server works on one request, in ms. */
  serviceMs: number;
  readonly answered: () => number;
  readonly close: () => void;
}

export async function startQueueingPredictor(
  servers: number,
  serviceMs: number,
  answer: string,
): Promise<QueueingPredictor> {
  const queue: ServerResponse[] = [];
  let [busy, answered] = [0, 0];
  const next = (): void => {
    const response = queue.shift();
    if (response === undefined) {
      busy -= 1;
      return;
    }
    setTimeout(() => {
      answered += 1;
      response.setHeader('content-type', 'application/json');
      response.end(answer);
      next();
    }, predictor.serviceMs);
  };
  const server = createServer((request, response) => {
    request.resume();
    if (request.method === 'GET') return void response.end('{}');
    queue.push(response);
    if (busy === servers) return;
    busy += 1;
    next();
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const predictor: QueueingPredictor = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serviceMs,
    answered: () => answered,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return predictor;
}
