/** Files of a Go module, from Go's own cache; it is fetched once, by its exact version. */

import { tmpdir } from 'node:os';
import { runProgram } from '../../src/demo/programs.ts';

/**
 * @param module with its version: `example.com/module@v1.2.3`
 * @returns the folder of its files, which are read-only
 * @throws what Go says
 */
export async function goModuleDir(module: string): Promise<string> {
  const lines: string[] = [];
  // In a folder without a go.mod: nothing is to be added to one.
  const command = ['-C', tmpdir(), 'GOWORK=off', 'go', 'mod', 'download', '-json', module];
  const exit = await runProgram('env', command, (line) => lines.push(line));
  const output = lines.join('\n');
  const [, dir] = /^\s*"Dir": "(.+)",?$/m.exec(output) ?? [];
  if (exit.code !== 0 || dir === undefined) throw new Error(`${module}: ${output}`);
  return dir;
}
