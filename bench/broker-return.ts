/**
 * How soon the adapter answers again when its only broker was killed and has come back, with records
 * waiting. The broker is back when it accepts connections and its controller has let it in.
 * See README.md.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { imageFlags } from './image-flags.ts';
import { startConsumer } from './kafka-run.ts';
import { type BenchKafka, openKafka } from './kafka-topics.ts';
import { names, numbers, readOptions, words } from './options.ts';
import { machineInfo, publish, say, table, told } from './report.ts';
import { type ServerProcess, startServer } from './server-process.ts';
import { median } from './statistics.ts';

const options = readOptions({
  records: '200000',
  kills: '5',
  'away-seconds': '1,20',
  delivery: 'at-least-once,exactly-once',
  node: process.execPath,
  'node-flags': imageFlags(),
  out: 'build/bench-broker-return.json',
});

interface Measurement {
  readonly delivery: string;
  readonly awaySeconds: number;
  /** From the broker's return to the next answer. */
  readonly returnMs: number;
}

const pollMs = 20;
/** Between two kills: records flow again. */
const restMs = 2_000;

async function measure(
  delivery: string,
  topic: string,
  kafka: BenchKafka,
  predictorUrl: string,
): Promise<Measurement[]> {
  const { bounce } = kafka;
  if (bounce === undefined)
    throw new Error('KAFKA_BROKER is set: only a broker of our own is killed');
  const output = await kafka.createTopic(`${topic}-${delivery}`);
  await kafka.createTopic(`${output}.errors`);
  const adapter = await startConsumer(
    // Slow enough that records are left for all kills.
    { name: delivery, adapter: { workers: 1, ordering: 'partition', delivery } },
    topic,
    output,
    { kafka, predictorUrl, node: options.node, nodeFlags: words(options['node-flags']) },
  );
  const measurements: Measurement[] = [];
  try {
    await untilMore(adapter, 0);
    for (const awaySeconds of numbers(options['away-seconds'])) {
      for (let kill = 1; kill <= Number(options.kills); kill += 1) {
        await sleep(restMs);
        await bounce(awaySeconds * 1_000);
        const back = performance.now();
        await untilMore(adapter, await answered(adapter));
        const returnMs = performance.now() - back;
        measurements.push({ delivery, awaySeconds, returnMs });
        say(`${delivery}, away for ${awaySeconds} s: ${returnMs.toFixed(0)} ms`);
      }
    }
    return measurements;
  } finally {
    await adapter.stop();
  }
}

async function answered({ url }: ServerProcess): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const counted = /^seldon_eventing_kafka_records_total\{result="answered".*\} (\d+)$/m.exec(
    metrics,
  );
  return Number(counted?.[1] ?? 0);
}

async function untilMore(adapter: ServerProcess, count: number): Promise<void> {
  while ((await answered(adapter)) <= count) await sleep(pollMs);
}

const columns = ['delivery', 'broker away s', 'kills', 'median ms', 'longest ms'];

async function main(): Promise<void> {
  const machine = machineInfo(options.node);
  const kafka = await openKafka();
  const predictor = await startServer({
    ...{ node: options.node, nodeFlags: [], script: './predictor.js' },
  });
  const measurements: Measurement[] = [];
  try {
    const topic = await kafka.createTopic('returns');
    const records = Number(options.records);
    await kafka.produceBacklog({ topic, payload: 'iris', records }, 'raw');
    for (const delivery of names(options.delivery, ['at-least-once', 'exactly-once'])) {
      measurements.push(...(await measure(delivery, topic, kafka, predictor.url)));
    }
  } finally {
    await predictor.stop();
    await kafka.close();
  }
  const rows = [...new Set(measurements.map(({ delivery }) => delivery))].flatMap((delivery) =>
    numbers(options['away-seconds']).map((awaySeconds) => {
      const times = measurements
        .filter((one) => one.delivery === delivery && one.awaySeconds === awaySeconds)
        .map(({ returnMs }) => returnMs);
      return [
        ...[delivery, awaySeconds, times.length],
        ...[median(times).toFixed(0), Math.max(...times).toFixed(0)],
      ];
    }),
  );
  publish([told(machine), table(columns, rows)], options.out, { machine, measurements });
}

await main();
