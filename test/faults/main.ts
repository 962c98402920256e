/**
 * The fault suite: `npm run test:faults -- [--seed S] [--records N] [--seconds N] [--cells WORD]`.
 *
 * Every ordering in every delivery mode answers its records on a cluster of three brokers, while
 * faults come by a seeded schedule (schedule.ts). A table shows what came of it; anything that must
 * not be ends it with exit code 1, and leaves the adapters' logs.
 */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { orderings } from '../../src/delivery/releaser.ts';
import { ProgramMissingError } from '../../src/demo/kafka-install.ts';
import { kcatMissing } from '../support/kcat.ts';
import { runCell } from './cell.ts';
import { deliveries } from './checks.ts';
import { startCluster } from './cluster.ts';
import { type CellResult, renderTable, violationsOf } from './table.ts';

const ci = process.env['CI'] === 'true';
/** How long it takes in all: the faults of six cells, their settling, the cluster. */
const sizes = ci
  ? { records: '15000', seconds: '28', spacing: '1.1', limitMinutes: 8 }
  : { records: '210000', seconds: '120', spacing: '2', limitMinutes: 20 };
const told = 12;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: process.env['FAULTS_SEED'] ?? (ci ? 'ci' : freshSeed()) },
    records: { type: 'string', default: sizes.records },
    seconds: { type: 'string', default: sizes.seconds },
    spacing: { type: 'string', default: sizes.spacing },
    cells: { type: 'string', default: '' },
  },
});

function freshSeed(): string {
  return randomBytes(4).toString('hex');
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const shown = (seed: string): string => `seed ${seed} (--seed ${seed} replays it)`;

/** @returns the exit code */
async function main(): Promise<number> {
  say(`fault suite, ${shown(values.seed)}`);
  if (kcatMissing()) return 0;
  const cells = deliveries
    .flatMap((delivery) => orderings.map((ordering) => ({ ordering, delivery })))
    .filter(({ ordering, delivery }) => `${ordering}, ${delivery}`.includes(values.cells));
  const dir = await mkdtemp(join(tmpdir(), 'seldon-eventing-faults-'));
  const cluster = await startCluster(say);
  const results: CellResult[] = [];
  try {
    for (const cell of cells) {
      const result = await runCell(
        {
          ...cell,
          seed: values.seed,
          records: Math.ceil(Number(values.records) / cells.length),
          durationMs: Number(values.seconds) * 1_000,
          spacingMs: Number(values.spacing) * 1_000,
          dir: join(dir, `${cell.ordering}-${cell.delivery}`),
        },
        cluster,
        say,
      );
      results.push(result);
      const violations = violationsOf(result).length;
      say(`${result.name}: ${result.seconds.toFixed(0)} s, ${violations} violations`);
    }
  } finally {
    await cluster.close();
  }
  say(`\n${renderTable(results)}`);
  const bad = results.filter((result) => violationsOf(result).length > 0);
  for (const result of bad) {
    const violations = violationsOf(result);
    say(`${result.name}: ${violations.length} violations`);
    for (const violation of violations.slice(0, told)) say(`  ${violation}`);
  }
  if (bad.length === 0) {
    await rm(dir, { recursive: true, force: true });
    return 0;
  }
  say(`FAILED with ${shown(values.seed)}; what happened and the adapters' logs: ${dir}`);
  return 1;
}

setTimeout(() => {
  say(`FAILED with ${shown(values.seed)}: not done after ${sizes.limitMinutes} minutes`);
  process.exit(1);
}, sizes.limitMinutes * 60_000).unref();

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof ProgramMissingError) || ci) throw error;
  say(`skipped: ${error.message}`);
}
