/** Starts a server to be measured, and reads from /proc what it has cost. Linux only. */

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startProgram } from '../src/demo/programs.ts';

export interface ServerOptions {
  /** The Node binary, and flags for it. */
  readonly node: string;
  readonly nodeFlags: readonly string[];
  /** Compiled script, relative to build/bench/. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface ServerProcess {
  /** What it said it listens on. */
  readonly url: string;
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

/** Resolves when the server has printed a JSON line with its `url`. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const script = fileURLToPath(new URL(options.script, import.meta.url));
  const args = [...options.nodeFlags, script, ...(options.args ?? [])];
  const { child, ended } = startProgram(
    '/usr/bin/env',
    [
      '-i',
      ...assignments({ PATH: process.env['PATH'] ?? '', ...options.env }),
      options.node,
      ...args,
    ],
    ['ignore', 'pipe', 'inherit'],
  );
  const lines: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    if (child.stdout === null) return reject(new Error('no standard output'));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (lines.push(line) > 50) lines.shift();
      const [, found] = /"url":"([^"]+)"/.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
    ended.then(() => reject(new Error(`${script} ended:\n${lines.join('\n')}`)), reject);
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  return { url, pid: child.pid ?? 0, stop };
}

/** Starts an adapter to be measured. @param env its settings, beside those that all have */
export const startAdapter = (
  binary: Pick<ServerOptions, 'node' | 'nodeFlags'>,
  env: Readonly<Record<string, string>>,
): Promise<ServerProcess> =>
  startServer({
    ...binary,
    script: '../src/main.js',
    args: ['adapter'],
    env: {
      SELDON_DEPLOYMENT_ID: 'iris-deployment',
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: '0',
      DRAIN_DELAY_MS: '0',
      ...env,
    },
  });

const assignments = (env: Readonly<Record<string, string>>): string[] =>
  Object.entries(env).map(([name, value]) => `${name}=${value}`);

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** User and system time of all its threads so far, in ms. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // Fields after the name, which may hold spaces: utime is the 14th of all, stime the 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
}

export interface Memory {
  readonly rssMb: number;
  /** The most it ever was. */
  readonly peakMb: number;
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const megabytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024;
  return { rssMb: megabytes('VmRSS'), peakMb: megabytes('VmHWM') };
}
