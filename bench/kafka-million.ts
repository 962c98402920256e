/** A million records in one run: is the adapter's memory flat? */

import { type RunDeps, runConsumer } from './kafka-run.ts';
import type { BenchKafka } from './kafka-topics.ts';
import { say, table } from './report.ts';
import { memoryOf } from './server-process.ts';
import { median, slope } from './statistics.ts';

const sampleMs = 2_000;

interface Sample {
  readonly seconds: number;
  readonly answered: number;
  readonly rssMb: number;
}

export interface MillionReport {
  readonly markdown: string;
  readonly data: object;
}

export async function runMillion(
  kafka: BenchKafka,
  topic: string,
  records: number,
  deps: RunDeps,
): Promise<MillionReport> {
  const started = performance.now();
  const samples: Sample[] = [];
  const sampled = (pid: number, answered: number): void => {
    const seconds = (performance.now() - started) / 1_000;
    const last = samples.at(-1)?.seconds ?? Number.NEGATIVE_INFINITY;
    if (answered === 0 || seconds - last < sampleMs / 1_000) return;
    const { rssMb } = memoryOf(pid);
    samples.push({ seconds, answered, rssMb });
    say(`${answered} answered, ${rssMb.toFixed(0)} MB`);
  };
  const consumer = { name: 'adapter', adapter: { workers: 16, ordering: 'partition' } };
  const backlog = { topic, payload: 'iris', records } as const;
  const result = await runConsumer(consumer, backlog, { ...deps, kafka, sampled });
  const rss = samples.map(({ rssMb }) => rssMb);
  const lastHalf = samples.slice(Math.floor(samples.length / 2));
  const growth = slope(lastHalf.map((s) => ({ x: s.answered / 100_000, y: s.rssMb })));
  const columns = ['records', 'records/s', 'CPU ms/record', 'RSS MB min', 'median', 'max'];
  const more = ['last half: MB per 100,000 records', 'missing', 'duplicates'];
  const cells = [
    records,
    result.perSecond.toFixed(0),
    result.cpuMsPerRecord.toFixed(4),
    ...[Math.min(...rss), median(rss), Math.max(...rss)].map((mb) => mb.toFixed(0)),
    growth.toFixed(2),
    result.missing,
    result.duplicates,
  ];
  return { markdown: table([...columns, ...more], [cells]), data: { result, growth, samples } };
}
