/** The `replay` command within a test. */

import { onTestFinished } from 'vitest';
import { replay } from '../../src/commands/replay.ts';

export interface ReplayRun {
  readonly lines: readonly string[];
  /** The exit code. */
  readonly done: Promise<number>;
  readonly stop: () => Promise<void>;
}

/** Starts the command as the process would; it is stopped when the test ends. */
export async function startReplay(args: readonly string[]): Promise<ReplayRun> {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  const started = await replay.start({
    args,
    environment: {},
    print,
    complain: print,
    onLine: () => undefined,
  });
  if (started.kind !== 'running') throw new Error(started.problems.join('\n'));
  const { done, stop } = started.running;
  onTestFinished(stop);
  return { lines, done, stop };
}

/** Runs it to its end. */
export async function runReplay(
  args: readonly string[],
): Promise<{ code: number; lines: readonly string[]; summary: string }> {
  const { done, lines } = await startReplay(args);
  const code = await done;
  return { code, lines, summary: lines.at(-1) ?? '' };
}
