/** Programs that Go compiles from their modules into its cache, and runs. */

import { runProgram } from '../../src/demo/programs.ts';

/**
 * Runs one. The first time compiles it, which takes a minute or more.
 * @param tool a module's program with its version
 * @returns what it prints, without what Go itself says
 * @throws what it says where it fails
 */
export async function runGoTool(tool: string, args: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const command = ['GOWORK=off', 'go', 'run', tool, ...args];
  const exit = await runProgram('env', command, (line) => lines.push(line));
  const output = lines.filter((line) => !line.startsWith('go: ')).join('\n');
  if (exit.code !== 0) throw new Error(`${args.slice(0, 2).join(' ')}: ${output}`);
  return output;
}
