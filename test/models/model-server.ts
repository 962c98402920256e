/**
 * The real model servers, for a test file.
 *
 *     const server = await useModelServer(mlserver);
 *     describe.skipIf(server.missing)('…', () => {
 *       const adapter = useAdapter(() => ({ PREDICTOR_URL: server.url }));
 *
 * Each runs a model that doubles what it is given, fails on what is below zero, refuses what is above
 * 1,000 in its server's own words, and takes a second for 500. Where Python is missing the file is skipped, which package
 * to install being printed; with CI=true it fails.
 */

import { afterAll, beforeAll, beforeEach, onTestFailed } from 'vitest';
import { classNames, intercepts, weights } from '../../src/demo/iris/coefficients.ts';
import { ProgramMissingError } from '../../src/demo/kafka-install.ts';
import { installServer, type ServerName } from './install.ts';
import { findPorts, type ModelServer, type ServerCommand, startServer } from './server-process.ts';

/**
 * Seldon's Python wrapper around a class of servers/seldon-core.
 * @param unit the graph node that it is, where it is one alone
 */
export const seldonWrapper = (
  model: string,
  serviceType: string,
  unit?: string,
): ServerCommand => ({
  name: 'seldon-core',
  entry: 'seldon_core.microservice:main',
  args: () => [model, '--service-type', serviceType],
  environment: ({ http, grpc, metrics }) => ({
    ...(unit !== undefined && { PREDICTIVE_UNIT_ID: unit }),
    PREDICTIVE_UNIT_HTTP_SERVICE_PORT: String(http),
    PREDICTIVE_UNIT_GRPC_SERVICE_PORT: String(grpc),
    PREDICTIVE_UNIT_METRICS_SERVICE_PORT: String(metrics),
  }),
  readyPath: '/health/ping',
});

export const seldonModel = seldonWrapper('Doubler', 'MODEL');

export const mlserver: ServerCommand = {
  name: 'mlserver',
  entry: 'mlserver.cli:main',
  args: () => ['start', '.'],
  environment: ({ http, grpc, metrics }) => ({
    MLSERVER_HOST: '127.0.0.1',
    MLSERVER_HTTP_PORT: String(http),
    MLSERVER_GRPC_PORT: String(grpc),
    MLSERVER_METRICS_PORT: String(metrics),
    MLSERVER_PARALLEL_WORKERS: '0',
  }),
  readyPath: '/v2/models/doubler/ready',
};

export const kserve: ServerCommand = {
  name: 'kserve',
  entry: 'doubler:main',
  args: ({ http, grpc }) => ['--http_port', String(http), '--grpc_port', String(grpc)],
  readyPath: '/v2/models/doubler/ready',
};

/** The numbers of the iris model, for servers/iris_model.py. */
const IRIS_MODEL = JSON.stringify({ weights, intercepts, classNames });

const servingIris = (command: ServerCommand): ServerCommand => ({
  ...command,
  environment: (ports) => ({ ...command.environment?.(ports), IRIS_MODEL }),
});

/** Each server with the iris model of src/demo/iris, under the name `iris`. */
export const irisServers = {
  seldon: servingIris(seldonWrapper('Iris', 'MODEL')),
  mlserver: { ...servingIris(mlserver), readyPath: '/v2/models/iris/ready' },
  kserve: servingIris({ ...kserve, entry: 'iris:main', readyPath: '/v2/models/iris/ready' }),
};

const env = process.env;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** @returns the Python that runs it; undefined where there is none, but throws with CI=true */
async function pythonOf(name: ServerName): Promise<string | undefined> {
  try {
    return await installServer(name, { say, cacheHome: env['XDG_CACHE_HOME'] });
  } catch (error) {
    if (!(error instanceof ProgramMissingError) || env['CI'] === 'true') throw error;
    say(`skipped: ${error.message}`);
    return undefined;
  }
}

export interface UsedServer extends Pick<ModelServer, 'url' | 'grpcUrl' | 'httpPort' | 'grpcPort'> {
  /** Whether it cannot run here, so that the tests are to be skipped. */
  readonly missing: boolean;
  readonly kill: () => Promise<void>;
  /** Starts it again where it was. */
  readonly restart: () => Promise<void>;
}

/** One server for the tests of this file: started in beforeAll, ended in afterAll. */
export async function useModelServer(command: ServerCommand): Promise<UsedServer> {
  const python = await pythonOf(command.name);
  let started: ModelServer | undefined;
  const ports = await findPorts();
  const start = async (): Promise<void> => {
    if (python !== undefined) started = await startServer(python, command, ports);
  };
  beforeAll(start);
  beforeEach(() => {
    onTestFailed(() => say(started?.lastLines() ?? ''));
  });
  afterAll(() => started?.stop());
  const here = (): ModelServer => {
    if (started === undefined) throw new Error('the server is there only within tests and hooks');
    return started;
  };
  return {
    missing: python === undefined,
    kill: () => here().kill(),
    restart: start,
    get url() {
      return here().url;
    },
    get grpcUrl() {
      return here().grpcUrl;
    },
    get httpPort() {
      return here().httpPort;
    },
    get grpcPort() {
      return here().grpcPort;
    },
  };
}
