/**
 * Reads a topic up to where it ends when reading begins.
 *
 * P1 Every record is handed on once, in the order of its partition, whatever kafkajs fetches again
 *    after it lost its membership.
 * P2 Where positions are kept in a group, they follow what was handed on and dealt with.
 */

import type { Admin, Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { Schedule } from '../delivery/ports.ts';
import type { InputRecord } from '../delivery/record.ts';
import { inputRecords } from './from-kafkajs.ts';
import { type Rest, type RestOptions, remindOf, restsOf } from './replay-rest.ts';

export interface ReplayReaderOptions extends RestOptions {
  /** Whether to leave the position in the group. */
  readonly commits: boolean;
  readonly sessionTimeoutMs: number;
}

export interface ReplayReaderDeps {
  readonly kafka: Kafka;
  /** Connected. */
  readonly admin: Admin;
  readonly schedule: Schedule;
  readonly print: (line: string) => void;
  /** Aborted: it ends as soon as what was handed on is dealt with. */
  readonly signal: AbortSignal;
  /** Deals with records of one partition. @returns how many of them are dealt with, and whether to go on */
  readonly take: (records: readonly InputRecord[]) => Promise<{ done: number; goOn: boolean }>;
}

const heartbeatMs = 1_000;

/**
 * Resolves when the topic is read, `take` has enough, or the signal calls it off.
 * @throws where kafkajs gives up, or another member of the group holds partitions
 */
export async function readToEnd(
  options: ReplayReaderOptions,
  deps: ReplayReaderDeps,
): Promise<void> {
  const rests = await restsOf(options, deps.admin);
  const total = [...rests.values()].reduce((sum, { next, end }) => sum + end - next, 0);
  deps.print(`Topic ${options.topic}: ${total} offsets to read in ${rests.size} partitions.`);
  if (total === 0) return;
  const consumer = createConsumer(options, deps.kafka);
  try {
    await consumer.connect();
    await consumer.subscribe({ topic: options.topic, fromBeginning: true });
    await readWith(consumer, rests, options, deps);
  } finally {
    await consumer.disconnect().catch(() => undefined);
  }
}

function createConsumer(
  { groupId, sessionTimeoutMs }: ReplayReaderOptions,
  kafka: Kafka,
): Consumer {
  return kafka.consumer({
    groupId,
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: heartbeatMs,
    maxWaitTimeInMs: 200,
    allowAutoTopicCreation: false,
    // Half a minute without brokers is waited out.
    retry: {
      retries: 30,
      maxRetryTime: 1_000,
      restartOnFailure: async (error) => isLoading(error),
    },
  });
}

/** A broker that has just started, or has just made the offsets topic, is about to be ready. */
const isLoading = (error: Error): boolean =>
  'type' in error && error.type === 'GROUP_LOAD_IN_PROGRESS';

async function readWith(
  consumer: Consumer,
  rests: Map<number, Rest>,
  options: ReplayReaderOptions,
  deps: ReplayReaderDeps,
): Promise<void> {
  const { topic, commits } = options;
  const { signal } = deps;
  let over = false;
  let working: Promise<unknown> = Promise.resolve();
  let finish: (error?: Error) => void = () => undefined;
  const finished = new Promise<void>((resolve, reject) => {
    finish = (error) => {
      over = true;
      if (error === undefined) resolve();
      else reject(error);
    };
  });
  // Whoever asks for it may come later than the reason.
  finished.catch(() => undefined);
  const abort = (): void => finish();
  if (signal.aborted) return;
  signal.addEventListener('abort', abort);

  /** Positions that the group has not been told yet. */
  const untold = new Map<number, number>();
  const tell = async (): Promise<void> => {
    if (untold.size === 0) return;
    const told = [...untold];
    await consumer.commitOffsets(
      told.map(([partition, offset]) => ({ topic, partition, offset: String(offset) })),
    );
    for (const [partition, offset] of told) {
      if (untold.get(partition) === offset) untold.delete(partition);
    }
  };

  const moved = async (partition: number, rest: Rest, next: number): Promise<void> => {
    // After a membership is lost kafkajs may begin again before what was dealt with.
    if (next <= rest.next) return;
    rest.next = next;
    if (next >= rest.end) rests.delete(partition);
    if (commits) untold.set(partition, next);
    // A membership that is lost is begun anew, and told then.
    await tell().catch(() => undefined);
    if (rests.size === 0) finish();
  };

  const work = async (payload: EachBatchPayload, rest: Rest): Promise<void> => {
    const { batch } = payload;
    const records = inputRecords(batch).filter(
      ({ offset }) => offset >= rest.next && offset < rest.end,
    );
    const { done, goOn } = await deps.take(records);
    const undone = records[done];
    const next = undone === undefined ? Number(batch.lastOffset()) + 1 : undone.offset;
    await moved(batch.partition, rest, next);
    if (!goOn) finish();
  };

  const eachBatch = async (payload: EachBatchPayload): Promise<void> => {
    const rest = rests.get(payload.batch.partition);
    if (over || rest === undefined) return;
    const stopBeating = beat(payload, deps.schedule);
    working = work(payload, rest).catch(finish).finally(stopBeating);
    await working;
    payload.resolveOffset(payload.batch.lastOffset());
  };

  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    const mine = payload.memberAssignment[topic] ?? [];
    if ([...rests.keys()].every((partition) => mine.includes(partition))) return;
    finish(new Error(`another member of group ${options.groupId} reads ${topic} too`));
  });
  // Aborted records and transaction markers are no batch for `eachBatch`.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    const rest = rests.get(payload.partition);
    if (payload.batchSize > 0 || rest === undefined || over) return;
    const next = Number(payload.lastOffset) + 1;
    moved(payload.partition, rest, next).catch(finish);
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) finish(payload.error);
  });

  const stopReminding = remindOf(rests, deps);
  try {
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch });
    await finished;
  } finally {
    over = true;
    signal.removeEventListener('abort', abort);
    stopReminding();
    await working;
  }
  await tell().catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `group ${options.groupId} did not take the position (${reason}): another replay would send some records again`,
    );
  });
}

/** Keeps the membership while a batch is dealt with. */
function beat({ heartbeat }: EachBatchPayload, schedule: Schedule): () => void {
  let stopped = false;
  let cancel = (): void => undefined;
  const next = (): void => {
    if (stopped) return;
    // A membership that is lost is begun anew by kafkajs, after the batch.
    cancel = schedule(heartbeatMs, () => void heartbeat().then(next, () => undefined));
  };
  next();
  return () => {
    stopped = true;
    cancel();
  };
}
