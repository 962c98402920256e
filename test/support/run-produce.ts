/** The `produce` command within a test. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import { produce } from '../../src/commands/produce.ts';

/** Runs the command as the process would, until the test ends; `type` types a line. */
export async function startProduce(
  args: readonly string[],
  environment: Record<string, string> = {},
) {
  const lines: string[] = [];
  let type = (_line: string): void => undefined;
  const context = {
    args,
    environment,
    print: (line: string) => void lines.push(line),
    complain: (line: string) => void lines.push(line),
    onLine: (listener: (line: string) => void) => {
      type = listener;
    },
  };
  const started = await produce.start(context);
  if (started.kind !== 'running') throw new Error(started.problems.join('\n'));
  const { done, stop } = started.running;
  onTestFinished(stop);
  const sent = () => lines.filter((line) => line.startsWith('sent '));
  const until = (pattern: RegExp) =>
    vi.waitFor(() => expect(lines).toContainEqual(expect.stringMatching(pattern)), 20_000);
  return { lines, sent, until, done, stop, type: (line: string) => type(line) };
}

/** A file with this content, until the test ends. */
export async function temporaryFile(content: string | Buffer): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'produce-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const path = join(dir, 'file');
  await writeFile(path, content);
  return path;
}
