/**
 * A small real predictor: the iris model behind the three REST protocols, as a model server would
 * serve it, with switches that make it fail (faults.ts). Used by the demo, tests and benchmarks.
 *
 * Beside the protocols' own paths: PUT and GET /switches, GET /counters.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Counters, countConnections, createCounters } from './counters.ts';
import type { Faults } from './faults.ts';
import { type PredictorState, serveRequest } from './serve-request.ts';

export interface IrisPredictorOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: one that is free. */
  readonly port?: number;
  /** Any other model name in a path gets 404; without it every name is taken. */
  readonly modelName?: string;
  /** Default 10 MiB; a larger body gets 413. */
  readonly maxBodyBytes?: number;
}

export interface IrisPredictor {
  readonly url: string;
  readonly port: number;
  /** Change it to make the predictor fail; see faults.ts. */
  readonly faults: Faults;
  readonly counters: Readonly<Counters>;
  /** Cuts every connection and gives the port back. */
  close(): Promise<void>;
}

/** Starts the predictor; it is ready to predict when this resolves. */
export async function createIrisPredictor(
  options: IrisPredictorOptions = {},
): Promise<IrisPredictor> {
  const { host = '127.0.0.1', port = 0, modelName, maxBodyBytes = 10 * 1024 * 1024 } = options;
  const counters = createCounters();
  const state: PredictorState = { faults: {}, counters, modelName, maxBodyBytes };
  const server = createServer((request, response) => {
    // A body that breaks off is the only way this can fail: there is nobody left to answer.
    serveRequest(state, { request, response }).catch(() => response.destroy());
  });
  countConnections(server, counters);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  let closing: Promise<void> | undefined;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    url: `http://${name}:${address.port}`,
    port: address.port,
    faults: state.faults,
    counters,
    close: () => (closing ??= close()),
  };
}
