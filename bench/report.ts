/** What both benchmarks print and write. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { dirname } from 'node:path';

export type Cell = string | number;

/** A Markdown table. */
export function table(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]): string => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Absolute figures mean nothing without it. */
export function machineInfo(node: string): Record<string, Cell> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / 2 ** 20),
    node: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(),
    loadBefore: loadavg()[0]?.toFixed(2) ?? '',
    date: new Date().toISOString(),
  };
}

/** Prints the report, and writes what it was made of. */
export function publish(markdown: readonly string[], out: string, data: object): void {
  console.log(`\n${markdown.join('\n\n')}\n`);
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${JSON.stringify(data, undefined, 2)}\n`);
  console.log(`Every round: ${out}`);
}

export const told = (info: Record<string, Cell>): string =>
  Object.entries(info)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');

/** Progress, beside the report. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);
