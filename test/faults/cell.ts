/** One cell of the table: an ordering and a delivery mode, with records and faults until both end. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ordering } from '../../src/delivery/releaser.ts';
import { type CellLog, checkCell, type Delivery, shed } from './checks.ts';
import { type Cluster, saslUser } from './cluster.ts';
import { createFeeder } from './feeder.ts';
import { createInject } from './inject.ts';
import { createOffsetTools, type Ledger } from './offsets.ts';
import { sleep, until } from './patience.ts';
import { createPod, type Pod } from './pod.ts';
import { type Fault, type FaultKind, planFaults } from './schedule.ts';
import type { CellResult } from './table.ts';
import { createTopics, partitionCount, readTopic } from './topics.ts';
import { isCompacted, isFiller } from './workload.ts';

export interface CellOptions {
  readonly ordering: Ordering;
  readonly delivery: Delivery;
  readonly seed: string;
  readonly records: number;
  /** How long faults come, in ms. */
  readonly durationMs: number;
  readonly spacingMs: number;
  /** Takes the adapters' logs. */
  readonly dir: string;
}

const memberCount = 3;
const maxAttempts = 8;
/** A fault that could not begin so long after its time is left out. */
const graceMs = 10_000;
/** After the last fault, until all is answered and committed. */
const settleTimeoutMs = 120_000;
const livenessEveryMs = 1_000;

/** Runs the cell to its end; resolves with what was found, good or bad. */
export async function runCell(
  options: CellOptions,
  cluster: Cluster,
  say: (line: string) => void,
): Promise<CellResult> {
  const { ordering, delivery, dir } = options;
  const name = `${ordering}, ${delivery}`;
  const began = performance.now();
  const id = `faults-${ordering}-${delivery}`;
  await mkdir(dir, { recursive: true });
  const events: string[] = [];
  const note = (line: string): void => {
    events.push(`${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} ${line}`);
  };
  const troubles: string[] = [];
  const trouble = (what: string): void => {
    note(`TROUBLE ${what}`);
    say(`${name}: ${what}`);
    troubles.push(what);
  };

  const topics = await createTopics(cluster, id, ordering);
  const passwordFile = join(dir, 'password');
  await writeFile(passwordFile, saslUser.password);
  const environment = {
    ...settings,
    KAFKA_BROKER: cluster.saslBootstrap.join(','),
    KAFKA_SASL_PASSWORD_FILE: passwordFile,
    KAFKA_INPUT_TOPIC: topics.input,
    KAFKA_OUTPUT_TOPIC: topics.output,
    KAFKA_CONSUMER_GROUP: id,
    KAFKA_ORDER: ordering,
    KAFKA_DELIVERY: delivery,
  };
  const pods = await Promise.all(
    Array.from({ length: memberCount + 1 }, (_, i) =>
      createPod(
        { name: `adapter-${i}`, environment, logFile: join(dir, `adapter-${i}.log`) },
        { trouble, logged: (line) => readLog(`adapter-${i}`, line, trouble) },
      ),
    ),
  );
  const spare = pods[memberCount] as Pod;
  const feeder = createFeeder(
    { topic: topics.input, ordering, records: options.records, durationMs: options.durationMs },
    cluster,
  );
  const ledger: Ledger = { inputs: new Map(), removed: [], rewound: [] };
  const offsets = createOffsetTools(cluster, topics, id, { ledger, write: feeder.write });
  let missed = 0;
  let lastMs = Number.POSITIVE_INFINITY;
  const inject = createInject({
    ...{ cluster, topics, pods: pods.slice(0, memberCount), spare, feeder, offsets, passwordFile },
    late: () => performance.now() > lastMs,
    countMissed: (count) => {
      missed += count;
    },
  });

  const faults = new Map<FaultKind, number>();
  const run = async (fault: Fault): Promise<void> => {
    const told = `${fault.kind} ${fault.target} for ${fault.forMs} ms`;
    note(told);
    try {
      const done = await inject(fault);
      note(`${done ? 'over' : 'too late'}: ${told}`);
      if (done) faults.set(fault.kind, (faults.get(fault.kind) ?? 0) + 1);
    } catch (error) {
      trouble(`${fault.kind}: ${String(error)}`);
    }
  };

  let watching = true;
  const watch = async (): Promise<void> => {
    while (watching) {
      await Promise.all(pods.map((pod) => pod.checkLiveness()));
      await sleep(livenessEveryMs);
    }
  };

  const lag = async (): Promise<string | undefined> => {
    const behind = (await offsets.places()).filter(({ committed, high }) => committed < high);
    if (behind.length === 0) return undefined;
    return behind.map((p) => `${p.partition}: ${p.committed} of ${p.high}`).join(', ');
  };

  /** More comes, as to any topic: where only bad records are left nobody knows whose fault it is. */
  const settle = async (): Promise<void> => {
    try {
      await feeder.write();
      await until('no lag', settleTimeoutMs, async () => (await lag()) === undefined);
    } catch {
      trouble(`lag stays, though no fault is left: ${await lag()}`);
    }
  };

  try {
    await Promise.all(pods.slice(0, memberCount).map((pod) => pod.start()));
    const watched = watch();
    const plan = planFaults({
      seed: `${options.seed} ${name}`,
      durationMs: options.durationMs,
      spacingMs: options.spacingMs,
      members: memberCount,
      brokers: cluster.bootstrap.length,
      partitions: partitionCount,
    });
    const start = performance.now();
    lastMs = start + options.durationMs + graceMs;
    const fed = feeder.run();
    const running: Promise<void>[] = [];
    for (const fault of plan) {
      await sleep(Math.max(0, start + fault.atMs - performance.now()));
      running.push(run(fault));
    }
    await Promise.all([...running, fed]);
    note('no fault is left');
    await settle();
    note('settled');
    watching = false;
    await watched;
  } catch (error) {
    trouble(`the cell broke off: ${String(error)}`);
  } finally {
    watching = false;
    await Promise.all([feeder.close(), ...pods.map((pod) => pod.close())]);
  }

  const seenBefore = new Set(ledger.inputs.keys());
  const remaining = await offsets.remember();
  const compacted = [...seenBefore].filter(
    (n) => isCompacted(ordering) && isFiller(n) && !remaining.has(n),
  );
  const log: CellLog = {
    ...{ ordering, delivery, maxAttempts, partitions: partitionCount },
    inputs: [...ledger.inputs.values()],
    outputs: await readTopic(cluster, topics.output),
    errors: await readTopic(cluster, topics.errors),
    removed: ledger.removed,
    rewound: ledger.rewound,
    compacted: new Set(compacted),
  };
  const result: CellResult = {
    name,
    findings: checkCell(log),
    shed: shed(log.errors),
    missed,
    faults,
    troubles,
    seconds: (performance.now() - began) / 1_000,
  };
  await writeFile(join(dir, 'events.log'), `${events.join('\n')}\n`);
  return result;
}

/** Short, so that much happens in little time; the rest as it comes. */
const settings = {
  SELDON_DEPLOYMENT_ID: 'iris',
  HTTP_HOST: '127.0.0.1',
  DRAIN_DELAY_MS: '0',
  DRAIN_TIMEOUT_MS: '5000',
  ATTEMPT_TIMEOUT_MS: '1500',
  READINESS_INTERVAL_MS: '500',
  KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT',
  KAFKA_SASL_MECHANISM: 'PLAIN',
  KAFKA_SASL_USERNAME: saslUser.name,
  KAFKA_MAX_ATTEMPTS: String(maxAttempts),
  KAFKA_RETRY_BASE_MS: '20',
  KAFKA_RETRY_MAX_MS: '200',
  KAFKA_SESSION_TIMEOUT_MS: '6000',
  KAFKA_REQUEST_TIMEOUT_MS: '5000',
  KAFKA_REBALANCE_DRAIN_MS: '5000',
  KAFKA_LEAVE_AFTER_MS: '2000',
  // It is a safety net: where it has to be used something is wrong.
  KAFKA_STUCK_AFTER_MS: '30000',
};

/** What an adapter says of itself that must not be. */
function readLog(
  pod: string,
  line: Readonly<Record<string, unknown>>,
  trouble: (what: string) => void,
): void {
  const message = String(line['msg']);
  if (!message.includes('the membership in the group is begun anew')) return;
  trouble(`${pod} sat idle: ${message}`);
}
