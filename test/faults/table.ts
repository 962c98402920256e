/** The table of a run: a column for each cell, a row for each measure and kind of fault. Pure. */

import type { Findings } from './checks.ts';
import { type FaultKind, faultKinds } from './schedule.ts';

export interface CellResult {
  /** Such as `key, exactly-once`. */
  readonly name: string;
  readonly findings: Findings;
  /** Records that an outage cost all their attempts; part of those diverted. */
  readonly shed: number;
  /** Offsets that the adapters counted as removed before they were answered. */
  readonly missed: number;
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** What else went wrong: processes that ended, lag that stayed. */
  readonly troubles: readonly string[];
  readonly seconds: number;
}

/** All that must not be, of one cell. */
export const violationsOf = ({ findings, troubles }: CellResult): readonly string[] => [
  ...findings.lost,
  ...findings.inversions,
  ...findings.repeated,
  ...findings.wrong,
  ...troubles,
];

/** Plain text, aligned. */
export function renderTable(results: readonly CellResult[]): string {
  const row = (name: string, read: (result: CellResult) => string | number): string[] => [
    name,
    ...results.map((result) => String(read(result))),
  ];
  const rows = [
    row('', ({ name }) => name),
    row('records', ({ findings }) => findings.records),
    row('answered', ({ findings }) => findings.answered),
    row('diverted', ({ findings }) => findings.diverted),
    row('  of them by outages', ({ shed }) => shed),
    row('removed or compacted before', ({ findings }) => findings.gone),
    row('  offsets counted as missed', ({ missed }) => missed),
    row('lost', ({ findings }) => findings.lost.length),
    row('inversions', ({ findings }) => findings.inversions.length),
    row('duplicates', ({ findings }) => findings.duplicates),
    row('  not allowed', ({ findings }) => findings.repeated.length),
    row('wrong answers', ({ findings }) => findings.wrong.length),
    row('in need of a hand', ({ troubles }) => troubles.length),
    row('faults', ({ faults }) => [...faults.values()].reduce((sum, n) => sum + n, 0)),
    ...faultKinds.map((kind) => row(`  ${kind}`, ({ faults }) => faults.get(kind) ?? 0)),
    row('seconds', ({ seconds }) => Math.round(seconds)),
  ];
  const widths = results
    .map((_, i) => Math.max(...rows.map((cells) => cells[i + 1]?.length ?? 0)))
    .map((width) => width + 2);
  const nameWidth = Math.max(...rows.map(([name = '']) => name.length));
  return rows
    .map(([name = '', ...cells]) =>
      [name.padEnd(nameWidth), ...cells.map((cell, i) => cell.padStart(widths[i] ?? 0))].join(''),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
