/** The matrix as it is printed: how many rows of each cell have passed. */

export interface Cell {
  readonly line: string;
  readonly column: string;
  /** Whether its rows reach a predictor; else each is told that they cannot. */
  readonly isReached: boolean;
}

export interface Board {
  /** Runs one row of a cell. */
  readonly run: (cell: Cell, row: () => Promise<void>) => Promise<void>;
  /** As a table, `passed/all` in each cell. */
  readonly text: () => string;
  /** Cells in which fewer rows than these were run. */
  readonly short: (rows: number) => string[];
}

interface Tally {
  run: number;
  passed: number;
  isReached: boolean;
}

const note = '* messages are not translated for a predictor over REST: each row is told so';

export function createBoard(lines: readonly string[], columns: readonly string[]): Board {
  const tallies = new Map<string, Tally>();
  const keyOf = (line: string, column: string): string => `${line}, ${column}`;
  const shown = (line: string, column: string): string => {
    const { run, passed, isReached } = tallies.get(keyOf(line, column)) ?? nothing;
    return `${passed}/${run}${isReached ? '' : ' *'}`;
  };
  return {
    run: async ({ line, column, isReached }, row) => {
      const key = keyOf(line, column);
      const tally = tallies.get(key) ?? { run: 0, passed: 0, isReached };
      tallies.set(key, tally);
      tally.run += 1;
      await row();
      tally.passed += 1;
    },
    text: () => {
      const table = [
        ['', ...columns],
        ...lines.map((line) => [line, ...columns.map((column) => shown(line, column))]),
      ];
      const widths = ['', ...columns].map((_, i) =>
        Math.max(...table.map((cells) => cells[i]?.length ?? 0)),
      );
      const padded = table.map((cells) => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)));
      return [...padded.map((cells) => cells.join('  ').trimEnd()), note].join('\n');
    },
    short: (rows) =>
      lines
        .flatMap((line) => columns.map((column) => keyOf(line, column)))
        .filter((key) => (tallies.get(key)?.run ?? 0) < rows),
  };
}

const nothing: Tally = { run: 0, passed: 0, isReached: true };
