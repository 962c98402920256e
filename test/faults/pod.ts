/**
 * One adapter as a pod has it: a process that is started again when it was killed, with its own
 * predictor beside it. Whatever ends it that was not ordered is a trouble.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Faults } from '../../src/demo/iris/faults.ts';
import { createIrisPredictor } from '../../src/demo/iris/predictor.ts';
import { createLock, type Lock } from './lock.ts';
import { sleep, within } from './patience.ts';
import { marks } from './workload.ts';

export interface PodOptions {
  readonly name: string;
  /** Settings of the adapter, without its predictor's address. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where what it writes is kept. */
  readonly logFile: string;
}

export interface PodDeps {
  /** Something that must not be. */
  readonly trouble: (what: string) => void;
  /** A line of its log, as JSON. */
  readonly logged: (line: Readonly<Record<string, unknown>>) => void;
}

export interface Pod {
  readonly name: string;
  /** Held by whoever does something to the process. */
  readonly lock: Lock;
  readonly runs: () => boolean;
  readonly start: () => Promise<void>;
  /** SIGTERM, as Kubernetes ends a pod. */
  readonly stop: () => Promise<void>;
  readonly kill: () => Promise<void>;
  /** SIGSTOP, and SIGCONT after a while. */
  readonly freeze: (forMs: number) => Promise<void>;
  /** The faults of its predictor for a while; a later call takes the place of an earlier one. */
  readonly spoil: (faults: Faults, forMs: number) => Promise<void>;
  /** The value of a metric summed over its labels; undefined where it cannot be asked. */
  readonly metric: (name: string) => Promise<number | undefined>;
  /** Looks whether the process calls itself live. */
  readonly checkLiveness: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const main = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const setpriv = '/usr/bin/setpriv';
const stopTimeoutMs = 25_000;
const startTimeoutMs = 60_000;

/** Makes a pod that has not started. */
export async function createPod(options: PodOptions, deps: PodDeps): Promise<Pod> {
  const { name, environment, logFile } = options;
  const predictor = await createIrisPredictor();
  const always: Faults = { poison: marks.poison, refuse: marks.refuse };
  Object.assign(predictor.faults, always);
  const log = createWriteStream(logFile, { flags: 'a' });
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();
  let url: string | undefined;
  let ordered = false;
  let frozen = false;
  let spoiling = 0;

  const setFaults = (faults: Faults): void => {
    for (const key of Object.keys(predictor.faults)) delete predictor.faults[key as keyof Faults];
    Object.assign(predictor.faults, always, faults);
  };

  const readLine = (line: string, listening: () => void): void => {
    if (!line.startsWith('{')) return;
    try {
      const parsed = JSON.parse(line) as Record<string, unknown>;
      deps.logged(parsed);
      if (parsed['msg'] !== 'listening') return;
      url = String(parsed['url']);
      listening();
    } catch {
      // A line that was cut off by a kill.
    }
  };

  const start = async (): Promise<void> => {
    ordered = false;
    url = undefined;
    const env = { ...environment, PREDICTOR_URL: predictor.url, HTTP_PORT: '0' };
    const command = [process.execPath, main, 'adapter'];
    // It dies with us, however we end.
    const guarded = existsSync(setpriv) ? [setpriv, '--pdeathsig', 'KILL', ...command] : command;
    const [program = '', ...args] = guarded;
    const started = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    ended = new Promise((resolve) => {
      started.once('exit', (code, signal) => {
        if (child === started) child = undefined;
        const clean = ordered && (code === 0 || signal === 'SIGKILL');
        if (!clean) deps.trouble(`${name} ended by itself: code ${code}, signal ${signal}`);
        resolve();
      });
    });
    const listening = new Promise<void>((resolve) => {
      let rest = '';
      const read = (chunk: Buffer): void => {
        log.write(chunk);
        const lines = (rest + chunk.toString()).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) readLine(line, resolve);
      };
      started.stdout?.on('data', read);
      started.stderr?.on('data', (chunk) => log.write(chunk));
    });
    await within(`the start of ${name}`, startTimeoutMs, Promise.race([listening, ended]));
  };

  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    ordered = true;
    child?.kill(signal);
    await within(`the end of ${name} by ${signal}`, stopTimeoutMs, ended).catch((error: Error) => {
      deps.trouble(error.message);
      child?.kill('SIGKILL');
    });
    await ended;
  };

  const get = async (path: string): Promise<Response | undefined> => {
    if (url === undefined || child === undefined || frozen) return undefined;
    return fetch(url + path, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
  };

  return {
    name,
    lock: createLock(),
    runs: () => child !== undefined,
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    freeze: async (forMs) => {
      frozen = true;
      child?.kill('SIGSTOP');
      await sleep(forMs);
      child?.kill('SIGCONT');
      frozen = false;
    },
    spoil: async (faults, forMs) => {
      spoiling += 1;
      const mine = spoiling;
      setFaults(faults);
      await sleep(forMs);
      if (spoiling === mine) setFaults({});
    },
    metric: async (metric) => {
      const answer = await get('/metrics');
      if (answer === undefined) return undefined;
      const text = await answer.text();
      const lines = text.split('\n').filter((l) => l.startsWith(`${metric}{`));
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
    checkLiveness: async () => {
      const answer = await get('/livez');
      if (answer !== undefined && answer.status !== 200) {
        deps.trouble(`${name} is not live: ${await answer.text()}`);
      }
    },
    close: async () => {
      await end('SIGTERM');
      await predictor.close();
      log.end();
    },
  };
}
