/** A model server as a process of its own, on 127.0.0.1. */

import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '../../src/demo/free-port.ts';
import { startProgram } from '../../src/demo/programs.ts';
import { get } from '../support/adapter.ts';
import { type ServerName, serverDir } from './install.ts';

export interface ServerPorts {
  readonly http: number;
  readonly grpc: number;
  readonly metrics: number;
}

/** How a server is started. */
export interface ServerCommand {
  readonly name: ServerName;
  /** `module:function`. */
  readonly entry: string;
  readonly args: (ports: ServerPorts) => readonly string[];
  readonly environment?: (ports: ServerPorts) => Readonly<Record<string, string>>;
  /** Answers 200 when the model can be called. */
  readonly readyPath: string;
}

export interface ModelServer {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly httpPort: number;
  /** `grpc://127.0.0.1:<port>`. */
  readonly grpcUrl: string;
  readonly grpcPort: number;
  /** What it wrote last. */
  readonly lastLines: () => string;
  /** Ends it and the processes that it made. */
  readonly stop: () => Promise<void>;
  /** Likewise, but none of them has a say in it. */
  readonly kill: () => Promise<void>;
}

/** On a loaded machine too: Python reads a hundred megabytes of libraries first. */
const startTimeoutMs = 120_000;
const stopTimeoutMs = 5_000;
const keptLines = 60;

export const findPorts = async (): Promise<ServerPorts> => ({
  http: await findFreePort(),
  grpc: await findFreePort(),
  metrics: await findFreePort(),
});

/** Starts it; resolves when its model can be called over both transports. */
export async function startServer(
  python: string,
  command: ServerCommand,
  ports: ServerPorts,
): Promise<ModelServer> {
  const environment = {
    // Compiled files belong beside the server, not into the work tree.
    PYTHONPYCACHEPREFIX: join(dirname(dirname(python)), 'compiled'),
    PYTHONUNBUFFERED: '1',
    ...command.environment?.(ports),
  };
  const folder = serverDir(command.name);
  const { child, ended } = startProgram(
    'env',
    [
      ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      python,
      join(dirname(folder), 'on_loopback.py'),
      folder,
      command.entry,
      ...command.args(ports),
    ],
    ['ignore', 'pipe', 'pipe'],
  );
  let log: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      log = [...log, ...String(chunk).split('\n')].slice(-keptLines);
    });
  }
  let over = false;
  const end = ended.finally(() => {
    over = true;
  });
  const server = {
    url: `http://127.0.0.1:${ports.http}`,
    httpPort: ports.http,
    grpcUrl: `grpc://127.0.0.1:${ports.grpc}`,
    grpcPort: ports.grpc,
    lastLines: () => `--- ${command.name}:\n${log.join('\n')}`,
    stop: async () => {
      signalGroup(child.pid, 'SIGTERM');
      await Promise.race([end, sleep(stopTimeoutMs, undefined, { ref: false })]);
      signalGroup(child.pid, 'SIGKILL');
      await end;
    },
    kill: async () => {
      signalGroup(child.pid, 'SIGKILL');
      await end;
    },
  };
  try {
    await untilReady(server, command.readyPath, () => over);
  } catch (error) {
    await server.stop();
    throw new Error(`${(error as Error).message}\n${server.lastLines()}`);
  }
  return server;
}

/** Programs have process groups of their own (programs.ts), which what they fork is in too. */
function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function untilReady(
  { url, grpcPort }: Pick<ModelServer, 'url' | 'grpcPort'>,
  path: string,
  over: () => boolean,
): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    const answer = await get(url + path).catch(() => undefined);
    if (answer?.status === 200 && (await listens(grpcPort))) return;
    if (over()) throw new Error('the model server ended before it was ready');
    if (Date.now() > deadline) throw new Error(`the model server was not ready in time at ${path}`);
    await sleep(100);
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
