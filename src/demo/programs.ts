/**
 * Runs other programs for the demo and for tests, and leaves none of them behind.
 *
 * 1. A program that we started is killed when this process ends, however it ends: by an exit
 *    handler, and on Linux by the kernel (setpriv), which covers a SIGKILL of ours too.
 * 2. It has a session of its own, so a Ctrl-C in the terminal reaches only us, and we decide in
 *    which order things stop.
 */

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

export interface ProgramExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Program {
  readonly child: ChildProcess;
  /** Resolves when it has ended; rejects where it could not be started at all. */
  readonly ended: Promise<ProgramExit>;
}

const setpriv = '/usr/bin/setpriv';

/** Starts a program found by the PATH. */
export function startProgram(name: string, args: readonly string[], stdio: StdioOptions): Program {
  const guarded = existsSync(setpriv);
  const child = guarded
    ? spawn(setpriv, ['--pdeathsig', 'KILL', name, ...args], { stdio, detached: true })
    : spawn(name, args, { stdio, detached: true });
  const killIt = () => void child.kill('SIGKILL');
  process.once('exit', killIt);
  const ended = new Promise<ProgramExit>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const forget = () => void process.off('exit', killIt);
  ended.then(forget, forget);
  return { child, ended };
}

/** Runs a program to its end and hands each line of its output to `onLine`. */
export async function runProgram(
  name: string,
  args: readonly string[],
  onLine: (line: string) => void,
): Promise<ProgramExit> {
  const { child, ended } = startProgram(name, args, ['ignore', 'pipe', 'pipe']);
  const outputs = [child.stdout, child.stderr].map((stream) => relayLines(stream, onLine));
  const [exit] = await Promise.all([ended, ...outputs]);
  return exit;
}

async function relayLines(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void) {
  stream?.setEncoding('utf8');
  let rest = '';
  for await (const chunk of stream ?? []) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  }
  if (rest !== '') onLine(rest);
}
