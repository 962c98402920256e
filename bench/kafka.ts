/**
 * Kafka: what the adapter costs per record, beside a bare loop of the same libraries.
 * One interleaved run over the same backlogs, each run with its own group and output topic.
 * See README.md.
 */

import { imageFlags } from './image-flags.ts';
import { runMillion } from './kafka-million.ts';
import { type Consumer, type RunDeps, type RunResult, runConsumer } from './kafka-run.ts';
import { type Backlog, openKafka, recordForms } from './kafka-topics.ts';
import { names, numbers, readOptions, words } from './options.ts';
import { type PayloadName, payloadNames } from './payloads.ts';
import { machineInfo, publish, say, table, told } from './report.ts';
import { startServer } from './server-process.ts';
import { median } from './statistics.ts';

const million = process.argv.includes('--million');
if (million) process.argv.splice(process.argv.indexOf('--million'), 1);
const options = readOptions({
  records: million ? '1000000' : '100000',
  'records-13KB': '20000',
  rounds: '3',
  workers: '1,4,16,64',
  orderings: 'partition,key,none',
  batch: '1',
  delivery: 'at-least-once',
  payloads: payloadNames.join(','),
  form: 'raw',
  node: process.execPath,
  'node-flags': imageFlags(),
  out: million ? 'build/bench-kafka-million.json' : 'build/bench-kafka.json',
});

interface Measurement extends RunResult {
  readonly consumer: string;
  readonly payload: PayloadName;
  readonly round: number;
}

const bare: Consumer = { name: 'bare loop, 16', adapter: undefined };

const consumers = (): Consumer[] => [
  bare,
  ...numbers(options.workers).flatMap((workers) =>
    names(options.orderings, ['partition', 'key', 'none']).flatMap((ordering) =>
      numbers(options.batch).flatMap((batch) =>
        names(options.delivery, ['at-least-once', 'exactly-once']).map((delivery) => ({
          name: `adapter, ${workers}, ${ordering}${batch > 1 ? `, batches of ${batch}` : ''}${delivery === 'exactly-once' ? ', exactly once' : ''}`,
          adapter: { workers, ordering, batch, delivery },
        })),
      ),
    ),
  ),
];

async function measureAll(backlogs: readonly Backlog[], deps: RunDeps): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  const all = consumers();
  for (let round = 1; round <= Number(options.rounds); round += 1) {
    for (const backlog of backlogs) {
      for (let i = 0; i < all.length; i += 1) {
        // Whoever comes first in one round comes later in another.
        const consumer = all[(i + round) % all.length] ?? bare;
        const result = await runConsumer(consumer, backlog, deps);
        const { payload } = backlog;
        measurements.push({ consumer: consumer.name, payload, round, ...result });
        say(
          `round ${round}: ${payload}, ${consumer.name}: ${result.perSecond.toFixed(0)}/s, ${result.cpuMsPerRecord.toFixed(4)} ms CPU, ${result.peakMb.toFixed(0)} MB, missing ${result.missing}`,
        );
      }
    }
  }
  return measurements;
}

const columns = [
  ...['payload', 'consumer, calls at once, order', 'records/s', 'CPU ms/record', 'CPU, × bare'],
  ...['peak RSS MB', 'final RSS MB', 'missing', 'duplicates'],
];

function rowOf(all: readonly Measurement[], payload: PayloadName, { name }: Consumer) {
  const of = (consumer: string) =>
    all.filter((m) => m.payload === payload && m.consumer === consumer);
  const own = of(name);
  const middle = (pick: (m: Measurement) => number) => median(own.map(pick));
  const bareRounds = of(bare.name);
  const ratios = own.map((m, i) => m.cpuMsPerRecord / (bareRounds[i]?.cpuMsPerRecord ?? NaN));
  const sum = (pick: (m: Measurement) => number) => own.reduce((s, m) => s + pick(m), 0);
  return [
    payload,
    name,
    middle((m) => m.perSecond).toFixed(0),
    middle((m) => m.cpuMsPerRecord).toFixed(4),
    median(ratios).toFixed(2),
    Math.max(...own.map((m) => m.peakMb)).toFixed(0),
    middle((m) => m.rssMb).toFixed(0),
    sum((m) => m.missing),
    sum((m) => m.duplicates),
  ];
}

async function main(): Promise<void> {
  const machine = machineInfo(options.node);
  const kafka = await openKafka();
  const binary = { node: options.node, nodeFlags: words(options['node-flags']) };
  const predictor = await startServer({ ...binary, script: './predictor.js' });
  const deps = { ...binary, kafka, predictorUrl: predictor.url };
  const [form = 'raw'] = names(options.form, recordForms);
  const run = Date.now().toString(36);
  const prepare = async (payload: PayloadName): Promise<Backlog> => {
    const records = Number(payload === 'iris' ? options.records : options['records-13KB']);
    const topic = await kafka.createTopic(`bench-${run}-${payload}`);
    say(`producing ${records} records of ${payload}`);
    return kafka.produceBacklog({ topic, payload, records }, form);
  };
  const about = `${told(machine)}; records: ${form}`;
  try {
    if (million) {
      const { topic, records } = await prepare('iris');
      const { markdown, data } = await runMillion(kafka, topic, records, deps);
      publish([about, markdown], options.out, { machine, options, ...data });
      return;
    }
    const backlogs: Backlog[] = [];
    for (const payload of names(options.payloads, payloadNames)) {
      backlogs.push(await prepare(payload));
    }
    const rounds = await measureAll(backlogs, deps);
    const rows = backlogs.flatMap(({ payload }) =>
      consumers().map((consumer) => rowOf(rounds, payload, consumer)),
    );
    publish([about, table(columns, rows)], options.out, {
      machine,
      options,
      columns,
      rows,
      rounds,
    });
  } finally {
    await predictor.stop();
    await kafka.close();
  }
}

await main();
