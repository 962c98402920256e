/**
 * One membership in the consumer group: a kafkajs consumer from connect to leave.
 *
 * M1 Batches are handed on at once and their records counted as fetched; nothing is committed here
 *    but what {@link GroupMember.commit} is asked to.
 * M2 kafkajs never restarts a crashed consumer by itself: `ended` tells, and whoever runs us makes
 *    a new one.
 * M3 Its fetch loop comes round every `maxWaitMs`, so heartbeats are sent while predictions run.
 */

import type { Consumer, EachBatchPayload, Kafka, PartitionAssigner } from 'kafkajs';
import type { FetchedBatch } from '../delivery/assignment.ts';
import type { CommitOffsets } from '../delivery/committer.ts';
import type { Log } from '../delivery/ports.ts';
import { createAssigners } from './assigners/assigners.ts';
import { createOwnedPartitions } from './assigners/owned-partitions.ts';
import { inputRecords } from './from-kafkajs.ts';
import { commitOnce } from './offset-commit.ts';
import { type PatientClusterDeps, withPatientCluster } from './patient-cluster.ts';
import type { OffsetReset } from './positions.ts';
import { createRejoinGate, type RejoinGateDeps } from './rejoin-gate.ts';

export interface GroupMemberOptions {
  readonly groupId: string;
  readonly topic: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly reset: OffsetReset;
}

export interface GroupMemberDeps extends RejoinGateDeps, PatientClusterDeps {
  readonly kafka: Kafka;
  readonly joined: (partitions: readonly number[], memberId: string) => void;
  /** @returns whether the batch was taken; if not, kafkajs fetches it again */
  readonly received: (batch: FetchedBatch) => Promise<boolean>;
  /** A batch had nothing but control, aborted or compacted records. */
  readonly filtered: (partition: number, next: number) => void;
  /** The group has taken a heartbeat: we are its member. */
  readonly alive: () => void;
  readonly log: Log;
}

export interface GroupMember {
  /** Connects and joins; rejects where that fails. */
  readonly start: () => Promise<void>;
  /** Resolves with the reason when kafkajs gives up. */
  readonly ended: Promise<Error>;
  readonly commit: CommitOffsets;
  readonly seek: (partition: number, offset: number) => void;
  readonly pause: (partition: number) => void;
  readonly resume: (partition: number) => void;
  /** Tells the group that we are alive, while kafkajs' own loop is held up. */
  readonly heartbeat: () => Promise<void>;
  /** Leaves the group. Commits made after this are dropped. */
  readonly close: () => Promise<void>;
}

/** How long a fetch waits for records, in ms; also how soon a resumed partition is fetched. */
const maxWaitMs = 100;
const heartbeatMs = 1_000;
/** Twice as much is cheaper and needs more memory: docs/decisions/0020. */
const fetchBytes = { maxBytesPerPartition: 256 * 1024, maxBytes: 1024 * 1024 };
/** New partitions are noticed so soon, in ms. */
const metadataMaxAgeMs = 30_000;
/** Broker outages are waited out; a join held up by the rejoin gate is tried again as often. */
const patientRetry = {
  retries: Number.MAX_SAFE_INTEGER,
  initialRetryTime: 50,
  multiplier: 1.5,
  maxRetryTime: 500,
};

/** What kafkajs gives to batch handlers only, though it serves the whole membership. */
type BatchHandles = Pick<EachBatchPayload, 'heartbeat' | 'commitOffsetsIfNecessary'>;

/** Makes a membership that has not begun. */
export function createGroupMember(options: GroupMemberOptions, deps: GroupMemberDeps): GroupMember {
  const { topic, groupId } = options;
  const gate = createRejoinGate(deps);
  const owned = createOwnedPartitions();
  const assigners = createAssigners({ owned, log: deps.log }).map(gate.guard);
  const consumer = createConsumer(options, deps.kafka, withPatientCluster(assigners, deps));
  let handles: BatchHandles | undefined;

  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    gate.joined();
    owned.joined(new Map(Object.entries(payload.memberAssignment)));
    deps.joined(payload.memberAssignment[topic] ?? [], payload.memberId);
  });
  consumer.on(consumer.events.HEARTBEAT, ({ payload }) => {
    owned.heartbeat(payload.groupGenerationId);
    deps.alive();
  });
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    if (payload.batchSize === 0) deps.filtered(payload.partition, Number(payload.lastOffset) + 1);
  });
  let crash: Error | undefined;
  const ended = new Promise<Error>((resolve) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      crash = payload.error;
      resolve(payload.error);
    });
  });

  const eachBatch = async (payload: EachBatchPayload): Promise<void> => {
    // They work for every batch, but hold on to the records of theirs: so only the first one's.
    handles ??= payload;
    const { batch } = payload;
    const taken = await deps.received(fetchedBatch(batch));
    if (taken) payload.resolveOffset(batch.lastOffset());
  };

  return {
    start: async () => {
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: options.reset === 'earliest' });
      await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch });
      // It resolves whether or not the group was joined.
      if (crash !== undefined) throw crash;
      deps.log.info({ groupId, topic }, 'joined the consumer group');
    },
    ended,
    // Before the first batch there is only the public function, which repeats by itself.
    commit: (offsets) =>
      handles === undefined
        ? consumer
            .commitOffsets(offsets.map((o) => ({ ...o, offset: String(o.offset) })))
            .then(() => 'committed')
        : commitOnce(handles.commitOffsetsIfNecessary)(offsets),
    seek: (partition, offset) => consumer.seek({ topic, partition, offset: String(offset) }),
    pause: (partition) => consumer.pause([{ topic, partitions: [partition] }]),
    resume: (partition) => consumer.resume([{ topic, partitions: [partition] }]),
    heartbeat: async () => handles?.heartbeat(),
    close: () => consumer.disconnect(),
  };
}

function createConsumer(
  options: GroupMemberOptions,
  kafka: Kafka,
  partitionAssigners: PartitionAssigner[],
): Consumer {
  return kafka.consumer({
    groupId: options.groupId,
    sessionTimeout: options.sessionTimeoutMs,
    rebalanceTimeout: options.rebalanceTimeoutMs,
    heartbeatInterval: heartbeatMs,
    maxWaitTimeInMs: maxWaitMs,
    metadataMaxAge: metadataMaxAgeMs,
    allowAutoTopicCreation: false,
    partitionAssigners,
    retry: { ...patientRetry, restartOnFailure: async () => false },
    ...fetchBytes,
  });
}

/** kafkajs' batch knows what was asked for; its types do not say so. */
function fetchedBatch(batch: EachBatchPayload['batch']): FetchedBatch {
  const { fetchedOffset } = batch as typeof batch & { readonly fetchedOffset: string };
  return {
    partition: batch.partition,
    askedFor: Number(fetchedOffset),
    next: Number(batch.lastOffset()) + 1,
    high: Number(batch.highWatermark),
    records: inputRecords(batch),
  };
}
