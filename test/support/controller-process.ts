/** The controller as its image runs it: a process of its own, from dist/. */

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';
import { metric } from './controller-metrics.ts';

export interface ControllerProcess {
  /** Of its probes and metrics. */
  readonly url: string;
  readonly output: () => string;
  /** Whether it leads, as it says itself; false where it does not answer. */
  readonly leads: () => Promise<boolean>;
  readonly kill: (signal: 'SIGTERM' | 'SIGKILL') => Promise<number | null>;
}

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Short, so that a test need not wait for a lease of the usual 15 s. */
const lease = { LEASE_DURATION_MS: '4000', LEASE_RENEW_DEADLINE_MS: '3000', LEASE_RETRY_MS: '500' };

/** Starts it; resolves when its probes answer. Killed at the end of the test. */
export async function startControllerProcess(
  environment: Readonly<Record<string, string>>,
): Promise<ControllerProcess> {
  const { PATH = '' } = process.env;
  const address = { HTTP_HOST: '127.0.0.1', HTTP_PORT: '0' };
  const child = spawn(process.execPath, [main, 'controller'], {
    env: { PATH, ...address, ...lease, ...environment },
  });
  const exited = exitOf(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const kill = (signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> => {
    child.kill(signal);
    return exited;
  };
  onTestFinished(async () => void (await kill('SIGKILL')));
  const url = await vi.waitFor(
    () => {
      const found = /"url":"(http:[^"]+)"/.exec(output)?.[1];
      if (found === undefined) throw new Error(`it does not listen: ${output}`);
      return found;
    },
    { timeout: 30_000, interval: 50 },
  );
  const leads = (): Promise<boolean> =>
    metric(url, 'seldon_eventing_controller_leader').then(
      (value) => value === 1,
      () => false,
    );
  return { url, output: () => output, leads, kill };
}

const exitOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('exit', resolve));
