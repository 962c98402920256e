/** What a run has shown, as a table for people at its end. */

import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunnerTestCase } from 'vitest';

declare module 'vitest' {
  export interface TaskMeta {
    /** What a test has measured, in words: replicas reached, records, lost. */
    numbers?: string;
  }
}

interface Row {
  readonly scenario: string;
  readonly shown: string;
  readonly result: string;
  readonly numbers: string;
}

const fileIn = (artefacts: string): string => join(artefacts, 'summary.jsonl');

/** Notes how a test has ended; files of tests run in processes of their own. */
export function noteResult(artefacts: string, task: Readonly<RunnerTestCase>): void {
  const row: Row = {
    scenario: task.suite?.name ?? '',
    shown: task.name,
    result: task.result?.state ?? 'unknown',
    numbers: task.meta.numbers ?? '',
  };
  mkdirSync(artefacts, { recursive: true });
  appendFileSync(fileIn(artefacts), `${JSON.stringify(row)}\n`);
}

/** The table of all that was noted, by scenario. */
export function summaryOf(artefacts: string): string {
  const file = fileIn(artefacts);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  const rows: Row[] = lines.map((line) => JSON.parse(line));
  rows.sort((a, b) => a.scenario.localeCompare(b.scenario));
  const heads: Row = { scenario: 'where', shown: 'shown', result: 'result', numbers: 'numbers' };
  const columns = ['scenario', 'result', 'shown', 'numbers'] as const;
  const widths = columns.map((name) =>
    Math.max(...[heads, ...rows].map((row) => row[name].length)),
  );
  const lineOf = (row: Row): string =>
    columns
      .map((name, i) => row[name].padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const plot = join(artefacts, 'scaling.svg');
  const where = existsSync(plot) ? [`scaling over time: ${plot}`, ''] : [];
  return ['', lineOf(heads), rule, ...rows.map(lineOf), '', ...where].join('\n');
}
