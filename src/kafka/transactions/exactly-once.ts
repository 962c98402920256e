/**
 * Exactly once: answers and positions in transactions, one transactional id for each input partition
 * (design.md §3.4, docs/decisions/0016).
 *
 * E1 Nothing of a partition is answered before every earlier owner is shut out of it and the group's
 *    offset was read after that.
 * E2 Each partition has a producer of its own, with connections of its own: a process takes so many
 *    and no more; the others stand still, loudly.
 */

import type { TransactionLimits } from '../../delivery/answer-queue.ts';
import { errorRecord } from '../../delivery/error-record.ts';
import type { Partition } from '../../delivery/partition.ts';
import { createRepeatedFault, type RepeatedFault } from '../../delivery/repeated-fault.ts';
import type { Claim } from '../../delivery/transaction.ts';
import { createTransactionalRelease } from '../../delivery/transactional-releaser.ts';
import {
  createTransactionalWriter,
  type TransactionalWriter,
} from '../../delivery/transactional-writer.ts';
import { AdapterError } from '../../errors.ts';
import { commitIntervalMs, type DeliveryDeps, type DeliveryOptions } from '../at-least-once.ts';
import type { ClaimedPartitions, DeliveryMode } from '../delivery-mode.ts';
import { learnLimits, sizeOf, usualLimits } from '../message-size.ts';
import { allPartitionsOf } from '../topic-creation.ts';
import { checkTransactions } from './check.ts';
import { createCoordinators } from './coordinators.ts';
import { hintOf, judge, refusalOf } from './fault.ts';
import { createLeftOutMarkers } from './left-out-markers.ts';
import { openSession } from './session.ts';
import { createStableOffsets } from './stable-offsets.ts';
import { createTransactionCoordinator } from './transaction-coordinator.ts';

export interface ExactlyOnceOptions extends DeliveryOptions {
  /** Most partitions that one process writes for. */
  readonly maxPartitions: number;
  readonly transactionTimeoutMs: number;
  readonly sessionTimeoutMs: number;
}

export interface ExactlyOnceDeps extends DeliveryDeps {
  /** The partition was moved by somebody else: it is to be opened anew. */
  readonly reopen: (partition: number) => void;
  /** How many heartbeats the group has taken from us. */
  readonly heartbeats: () => number;
  readonly pause: (delayMs: number) => Promise<void>;
}

/** Longer than between two heartbeats: a member has had one taken by then. */
const heartbeatWithinMs = 2_500;

/** Makes the parts that write and commit in transactions. */
export function createExactlyOnce(
  options: ExactlyOnceOptions,
  deps: ExactlyOnceDeps,
): DeliveryMode {
  const { admin, log } = deps;
  const { inputTopic, consumerGroup, maxPartitions } = options;
  const limits: TransactionLimits = { ...usualLimits(), lingerMs: 10 };
  const coordinators = createCoordinators(options, deps);
  const readCommitted = createStableOffsets(options, coordinators);
  /** Claims under which nothing was opened yet, by partition. */
  const claims = new Map<number, Claim>();
  const faults = new Map<number, RepeatedFault>();
  const writers = new Map<Partition, TransactionalWriter>();
  let standing: readonly number[] = [];
  /** Counts assignments: claims for an older one are given up. */
  let generation = 0;

  const namesOf = (id: number | string) => ({
    transactionalId: `${consumerGroup}-${inputTopic}-${id}`,
    consumerGroup,
  });

  const settleLast = createLeftOutMarkers(
    { ...options, transactionalIdOf: (id) => namesOf(id).transactionalId },
    {
      ...deps,
      coordinator: createTransactionCoordinator(coordinators),
      committed: readCommitted,
      scope: async () => ({
        consumerGroup,
        topics: await allPartitionsOf(admin, [options.outputTopic, options.errorTopic]),
      }),
    },
  );

  const claim = async (id: number, failed: boolean): Promise<Claim> => {
    await settleLast(id, failed);
    const session = await openSession({ ...options, ...namesOf(id) }, deps);
    try {
      return { session, committed: await readCommitted(id) };
    } catch (error) {
      void session.close();
      throw error;
    }
  };

  const faultOf = (id: number): RepeatedFault => {
    const known = faults.get(id);
    if (known !== undefined) return known;
    const fault = createRepeatedFault(
      {
        level: 'error',
        message:
          'answers cannot be written in transactions; nothing of the partition is committed until they are',
        over: 'answers of the partition are written again',
      },
      deps,
    );
    faults.set(id, fault);
    return fault;
  };

  const tell = (id: number, error: unknown, fields: object): void => {
    const refusal = refusalOf(error, namesOf(id));
    const hint = hintOf(error, namesOf(id));
    const about = { topic: inputTopic, partition: id, ...(hint && { hint }), ...fields };
    faultOf(id).failed(refusal === undefined ? error : new Error(refusal), about);
  };

  const release = createTransactionalRelease(options.ordering, {
    writer: (partition) => writers.get(partition),
    writers: () => writers.values(),
    errorRecord: (record, error, attempts, omit) => {
      const time = new Date(deps.wallClock()).toISOString();
      return errorRecord(record, error, { identity: options.identity, time, attempts, omit });
    },
    outputTooLarge: (record) => outputTooLarge(options.outputTopic, record.value),
    sizeOf,
    idle: deps.idle,
    count: deps.count,
    schedule: deps.schedule,
  });

  const begin = (partition: Partition): void => {
    const { id } = partition;
    const claimed = claims.get(id);
    if (claimed === undefined) {
      // A rebalance in between has dropped the claim: without one nothing could be written.
      deps.schedule(0, () => {
        if (!partition.lost) deps.reopen(id);
      });
      return;
    }
    claims.delete(id);
    const writer = createTransactionalWriter(
      partition,
      claimed,
      { intervalMs: commitIntervalMs, fencedRestMs: options.sessionTimeoutMs, limits },
      {
        instead: release.forWriters.instead,
        done: (answers) => {
          faultOf(id).succeeded();
          release.forWriters.done(answers);
        },
        claim: () => claim(id, true),
        begun: deps.traced?.begun,
        judge,
        elsewhere: () => {
          log.warn(
            { topic: inputTopic, partition: id },
            'another member has answered records of this partition meanwhile: it is begun anew where the group stands',
          );
          deps.reopen(id);
        },
        isMember: async () => {
          log.warn(
            { topic: inputTopic, partition: id },
            'another member writes the answers of this partition: waiting for the group to tell whose it is',
          );
          const before = deps.heartbeats();
          await deps.pause(heartbeatWithinMs);
          return deps.heartbeats() > before;
        },
        eased: deps.wrote,
        failed: (error, waiting, retryInMs) =>
          tell(id, error, { waiting, retryInMs: Math.round(retryInMs) }),
        schedule: deps.schedule,
        random: deps.random,
      },
    );
    writers.set(partition, writer);
  };

  const forgetLost = (): void => {
    for (const [partition, writer] of writers) {
      if (!partition.lost) continue;
      writers.delete(partition);
      void writer.close();
    }
  };

  const dropClaims = (): void => {
    for (const { session } of claims.values()) void session.close();
    claims.clear();
  };

  const claimAll = async (ids: readonly number[]): Promise<ClaimedPartitions> => {
    forgetLost();
    const held = new Set([...claims.keys(), ...[...writers.keys()].map(({ id }) => id), ...ids]);
    const refused = held.size > maxPartitions ? ids.slice(maxPartitions - held.size) : [];
    standStill(refused);
    const wanted = ids.slice(0, ids.length - refused.length);
    const committed = new Map<number, Claim['committed']>();
    const mine = generation;
    const results = await Promise.allSettled(wanted.map((id) => claim(id, false)));
    if (mine !== generation) {
      for (const result of results) {
        if (result.status === 'fulfilled') void result.value.session.close();
      }
      return { committed, refused };
    }
    const failures: unknown[] = [];
    for (const [i, id] of wanted.entries()) {
      const result = results[i];
      if (result?.status === 'rejected') {
        failures.push(result.reason);
        tell(id, result.reason, {});
      } else if (result !== undefined) {
        void claims.get(id)?.session.close();
        claims.set(id, result.value);
        committed.set(id, result.value.committed);
        faultOf(id).succeeded();
      }
    }
    if (failures.length > 0 && committed.size === 0) throw failures[0];
    return { committed, refused };
  };

  const standStill = (ids: readonly number[]): void => {
    if (ids.length === 0) return;
    standing = [...standing, ...ids];
    log.error(
      { topic: inputTopic, partitions: ids, limit: maxPartitions },
      `${ids.length} partitions stand still: this process has more than KAFKA_MAX_TRANSACTIONAL_PARTITIONS=${maxPartitions} of them; add replicas, or raise it`,
    );
  };

  return {
    releaser: release.releaser,
    committer: release.committer,
    prepare: async () => {
      await checkTransactions({ ...options, ...namesOf('check') }, deps);
      const errors = usualLimits();
      const outputs = usualLimits();
      await learnLimits(admin, options.outputTopic, outputs);
      await learnLimits(admin, options.errorTopic, errors);
      limits.maxBytes = Math.min(outputs.maxBytes, errors.maxBytes);
    },
    claim: claimAll,
    commitStanding: (partitions) =>
      Promise.all(partitions.map((partition) => writers.get(partition)?.flush(true))),
    opened: begin,
    assigned: () => {
      generation += 1;
      forgetLost();
      dropClaims();
      standing = [];
      for (const writer of writers.values()) writer.resume();
    },
    notice: () =>
      standing.length === 0
        ? undefined
        : `${standing.length} partitions stand still: KAFKA_MAX_TRANSACTIONAL_PARTITIONS`,
    standingStill: () => standing.length,
    stop: () => undefined,
    close: async () => {
      dropClaims();
      await Promise.all([...writers.values()].map((writer) => writer.close()));
      writers.clear();
      await coordinators.close();
    },
  };
}

const outputTooLarge = (topic: string, value: Uint8Array | null): AdapterError =>
  new AdapterError(
    'OUTPUT_TOO_LARGE',
    `the record of ${value?.byteLength ?? 0} bytes is larger than topic ${topic} takes; raise its max.message.bytes`,
  );
