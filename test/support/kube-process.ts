/** One run of one of the servers, from its start to its end. */

import { closeSync, openSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProgramExit, startProgram } from '../../src/demo/programs.ts';

export interface RunServerOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** Appended to. */
  readonly logFile: string;
  /** Whether it is ready to serve; asked again and again while it starts. */
  readonly isReady: () => Promise<boolean>;
}

export interface ServerProcess {
  readonly pid: number;
  hasEnded(): boolean;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
}

/** 2 to 5 s on an idle machine; the rest is for a busy one. */
const startTimeoutMs = 90_000;

/** Starts the server; resolves when it is ready. */
export async function runServer(options: RunServerOptions): Promise<ServerProcess> {
  const { program, args, logFile, isReady } = options;
  const log = openSync(logFile, 'a');
  const logStart = statSync(logFile).size;
  const { child, ended } = startProgram(program, args, ['ignore', log, log]);
  closeSync(log);
  let exit: ProgramExit | undefined;
  ended.then(
    (how) => (exit = how),
    () => (exit = { code: null, signal: null }),
  );
  const kill = async () => {
    child.kill('SIGKILL');
    // A program that could not be started has ended too.
    await ended.catch(() => undefined);
  };
  const deadline = performance.now() + startTimeoutMs;
  while (!(await isReady())) {
    const late = performance.now() > deadline;
    if (exit !== undefined || late) {
      await kill();
      const why = late ? `was not ready within ${startTimeoutMs} ms` : 'ended while it started';
      const written = (await readFile(logFile)).subarray(logStart).toString('utf8');
      throw new Error(`${program} ${why}; its last lines:\n${lastLines(written)}`);
    }
    await sleep(50);
  }
  return { pid: child.pid ?? 0, hasEnded: () => exit !== undefined, kill };
}

/** Whether it says 200 there; whoever it is, since its certificate is not known yet. */
export function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const get = url.startsWith('https:') ? getHttps : getHttp;
    const request = get(url, { agent: false, rejectUnauthorized: false, timeout: 5_000 });
    request.once('response', (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
    request.once('close', () => resolve(false));
  });
}

/** What tells most: errors, else just the end. */
function lastLines(log: string): string {
  const lines = log.trimEnd().split('\n');
  const telling = lines.filter((line) => /^[EF]\d{4} |^Error: |"level":"(error|fatal)"/.test(line));
  return (telling.length > 0 ? telling : lines).slice(-15).join('\n');
}
