import { expect, test } from 'vitest';
import { type CellResult, renderTable, violationsOf } from '../../faults/table.ts';

const findings = {
  ...{ records: 100, answered: 97, diverted: 2, gone: 1, duplicates: 3 },
  ...{ lost: [], inversions: [], wrong: [], repeated: [] },
};
const result: CellResult = {
  name: 'key, at-least-once',
  ...{ findings, shed: 0, missed: 30, troubles: [], seconds: 12.3 },
  faults: new Map([['broker killed', 4] as const, ['adapter killed', 3] as const]),
};

test('the table has a column for each cell, and a row for each measure and kind of fault', () => {
  const lines = renderTable([result, { ...result, name: 'none, at-least-once' }]).split('\n');
  const line = (name: string) => lines.find((one) => one.trim().startsWith(name))?.trim();
  expect(lines[0]?.trim()).toBe('key, at-least-once  none, at-least-once');
  expect(line('records')).toMatch(/^records +100 +100$/);
  expect(line('faults')).toMatch(/^faults +7 +7$/);
  expect(line('broker killed')).toMatch(/^broker killed +4 +4$/);
  expect(line('adapter frozen')).toMatch(/^adapter frozen +0 +0$/);
});

test('whatever must not be is a violation', () => {
  expect(violationsOf(result)).toEqual([]);
  const bad = {
    ...result,
    findings: { ...findings, lost: ['a'], inversions: ['b'], wrong: ['c'], repeated: ['d'] },
    troubles: ['e'],
  };
  expect(violationsOf(bad).toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
});
