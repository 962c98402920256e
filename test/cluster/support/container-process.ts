/** One container as a process of this machine: started, probed, started again, ended. */

import { appendFileSync, closeSync, openSync } from 'node:fs';
import { get } from 'node:http';
import { get as getHttps } from 'node:https';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Program, runProgram, startProgram } from '../../../src/demo/programs.ts';
import type { Container, ContainerState } from './pod.ts';

export interface ContainerCommand {
  /** Program and arguments. */
  readonly command: readonly string[];
  /** All that it is given. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface RunContainerOptions extends ContainerCommand {
  readonly container: Container;
  readonly podIP: string;
  /** Appended to, across restarts. */
  readonly logFile: string;
}

export interface RunningContainer {
  readonly state: () => ContainerState;
  /** Looks whether it is ready. */
  readonly probe: () => Promise<void>;
  /**
   * preStop, SIGTERM, and SIGKILL once the grace is over; resolves when it has ended. Without a grace
   * it is killed at once.
   */
  readonly end: (graceMs: number) => Promise<void>;
}

const restartDelayMs = 1_000;

export function runContainer(options: RunContainerOptions): RunningContainer {
  const { container, podIP, command, environment, logFile } = options;
  const isReady = readinessOf(container, podIP);
  let ready = false;
  let restarts = 0;
  let startedAt = '';
  let ending = false;
  let program: Program | undefined;

  const start = (): Program => {
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const log = openSync(logFile, 'a');
    const started = startProgram('env', ['-i', ...variables, ...command], ['ignore', log, log]);
    closeSync(log);
    startedAt = new Date().toISOString();
    return started;
  };
  const live = async (): Promise<void> => {
    while (!ending) {
      program = start();
      const how = await program.ended.catch((error: unknown) => String(error));
      ready = false;
      if (ending) return;
      appendFileSync(logFile, `-- ended by itself: ${JSON.stringify(how)}\n`);
      restarts += 1;
      await sleep(restartDelayMs);
    }
  };
  const lived = live();
  return {
    state: () => ({ ready, restarts, startedAt }),
    probe: async () => {
      const answer = await isReady();
      ready = answer && !ending;
    },
    end: async (graceMs) => {
      ending = true;
      const killed = setTimeout(() => void program?.child.kill('SIGKILL'), graceMs);
      if (graceMs > 0) await preStop(container);
      ready = false;
      program?.child.kill('SIGTERM');
      await lived;
      clearTimeout(killed);
    },
  };
}

interface Hook {
  readonly exec?: { readonly command: readonly string[] };
}

async function preStop(container: Container): Promise<void> {
  const hook = container.lifecycle?.preStop as Hook | undefined;
  const [program, ...args] = hook?.exec?.command ?? [];
  if (program !== undefined) await runProgram(program, args, () => undefined).catch(() => null);
}

interface ReadinessProbe {
  readonly httpGet?: {
    readonly path?: string;
    readonly port: number | string;
    readonly scheme?: string;
  };
  readonly tcpSocket?: { readonly port: number | string };
}

function readinessOf(container: Container, podIP: string): () => Promise<boolean> {
  const { httpGet, tcpSocket } = (container.readinessProbe ?? {}) as ReadinessProbe;
  if (httpGet !== undefined) {
    const scheme = (httpGet.scheme ?? 'HTTP').toLowerCase();
    const url = `${scheme}://${podIP}:${portOf(container, httpGet.port)}${httpGet.path ?? '/'}`;
    return () => probes(url);
  }
  if (tcpSocket === undefined) return () => Promise.resolve(true);
  return () => accepts(podIP, portOf(container, tcpSocket.port));
}

/** A port by its number or its name. */
export function portOf(container: Container, port: number | string): number | undefined {
  if (typeof port === 'number') return port;
  return container.ports?.find(({ name }) => name === port)?.containerPort;
}

/** As the kubelet asks, which looks at no certificate: Knative's servers know it by its name. */
function probes(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { 'user-agent': 'kube-probe/1.36', connection: 'close' };
    const options = { agent: false, headers, timeout: 5_000 } as const;
    const request = url.startsWith('https:')
      ? getHttps(url, { ...options, rejectUnauthorized: false })
      : get(url, options);
    request.once('response', ({ statusCode = 0 }) => {
      request.destroy();
      resolve(statusCode >= 200 && statusCode < 400);
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
    request.once('close', () => resolve(false));
  });
}

function accepts(host: string, port: number | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: port ?? 0 });
    const settle = (accepted: boolean) => () => {
      socket.destroy();
      resolve(accepted);
    };
    socket.setTimeout(2_000, settle(false));
    socket.once('connect', settle(true));
    socket.once('error', settle(false));
  });
}
