/** The adapter as a process of its own, built from dist/: what is killed dies for real. */

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface AdapterProcess {
  readonly pid: number;
  /** Where it listens. */
  readonly url: string;
  /** Everything it wrote so far. */
  readonly output: () => string;
  /** Sends the signal and waits for the end; returns the exit code, or null after SIGKILL. */
  readonly end: (signal: 'SIGTERM' | 'SIGKILL') => Promise<number | null>;
}

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Starts `adapter` with these variables alone, or a command line; resolves when it listens. */
export async function spawnAdapter(
  environment: Readonly<Record<string, string>>,
  args: readonly string[] = ['adapter'],
): Promise<AdapterProcess> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { HTTP_HOST: '127.0.0.1', HTTP_PORT: '0', DRAIN_DELAY_MS: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const url = await listening(child, ended, () => output);
  return {
    pid: child.pid ?? -1,
    url,
    output: () => output,
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

function listening(
  child: ChildProcess,
  ended: Promise<unknown>,
  output: () => string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const url = /"url":"([^"]+)"[^\n]*"msg":"listening"/.exec(output())?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout?.on('data', look);
    void ended.then(() => reject(new Error(`the adapter ended before it listened:\n${output()}`)));
  });
}
