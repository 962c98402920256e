/** What the iris predictor has seen, for tests and benchmarks to look at. */

import type { Server } from 'node:http';

export interface Counters {
  /** All requests, health routes too. */
  requests: number;
  /** Requests on a prediction route that reached the model, however they were answered. */
  predictions: number;
  /** Predictions being worked on now, and the most there ever were at once. */
  concurrent: number;
  maxConcurrent: number;
  /** Connections open now, and how many were ever opened: shows whether a client keeps them. */
  openConnections: number;
  connections: number;
}

export function createCounters(): Counters {
  return {
    requests: 0,
    predictions: 0,
    concurrent: 0,
    maxConcurrent: 0,
    openConnections: 0,
    connections: 0,
  };
}

/** Keeps the two counts of connections. */
export function countConnections(server: Server, counters: Counters): void {
  server.on('connection', (socket) => {
    counters.connections += 1;
    counters.openConnections += 1;
    socket.once('close', () => {
      counters.openConnections -= 1;
    });
  });
}
