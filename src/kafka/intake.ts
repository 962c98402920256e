/**
 * From the group to the pipeline: opens partitions where the group stands, hands records on, keeps
 * the buffers bounded, and puts right what the broker no longer has.
 *
 * I1 A partition is opened, once it is claimed, at its committed offset; where there is none, at the
 *    end that the reset policy names, which is committed at once: an autoscaler never sees an
 *    invalid offset.
 * I2 What an earlier owner answered beyond the committed offset is not answered again.
 * I3 Fetching of a partition pauses while enough of it is buffered, and goes on below that.
 */

import { decodeAcked, type OffsetRange, rangesBefore } from '../delivery/acked-offsets.ts';
import type { Assignment, FetchedBatch } from '../delivery/assignment.ts';
import type { CommittedOffset } from '../delivery/committer.ts';
import { type Partition, position } from '../delivery/partition.ts';
import type { Pipeline } from '../delivery/pipeline.ts';
import type { Log, Now } from '../delivery/ports.ts';
import { createRepeatedFault } from '../delivery/repeated-fault.ts';
import type { DeliveryMode } from './delivery-mode.ts';
import type { GroupMember } from './group-member.ts';
import { type Bounds, type OffsetReset, type Positions, validStart } from './positions.ts';

export interface IntakeOptions {
  readonly topic: string;
  readonly reset: OffsetReset;
}

export interface IntakeDeps {
  readonly assignment: Assignment;
  readonly pipeline: Pipeline;
  readonly positions: Positions;
  /** The membership of now. */
  readonly member: () => GroupMember | undefined;
  readonly delivery: Pick<
    DeliveryMode,
    'committer' | 'assigned' | 'claim' | 'opened' | 'commitStanding'
  >;
  /** The group was joined: records may run (again). */
  readonly resume: () => void;
  readonly pause: (delayMs: number) => Promise<void>;
  readonly now: Now;
  readonly log: Log;
  /** Records that were removed from the topic before we could answer them. */
  readonly countMissed: (records: number) => void;
}

export interface Intake {
  readonly joined: (ids: readonly number[], sameMember: boolean) => void;
  readonly received: (batch: FetchedBatch) => Promise<boolean>;
  readonly filtered: (id: number, next: number) => void;
  /** A partition's state is worth nothing: it is opened anew where the group stands. */
  readonly reopen: (id: number) => void;
  /** The client's offset of a partition is not in its log (any more). */
  readonly outOfRange: (id: number) => Promise<void>;
  /** The queue of a partition became shorter. */
  readonly taken: (partition: Partition) => void;
  /**
   * Commits a real position for every partition of ours that the group has none for (§3.4), and
   * learns how far the partitions reach: while fetching is paused nothing else tells.
   * @returns how many records there are from the committed offsets of ours on
   */
  readonly repair: () => Promise<number>;
}

/** Over all partitions: enough for the time that a paused fetch needs to come back. */
const bufferRecords = 3_000;
const bufferBytes = 8 * 1024 * 1024;
const retryMs = 500;
/** A batch waits so long for its partition to be opened; then it is fetched again. */
const openingMs = 500;
const none: CommittedOffset = { offset: -1, metadata: null };

/** What the group has of those that were claimed; of a partition that it has nothing of, -1. */
const wanted = (
  ids: readonly number[],
  committed: ReadonlyMap<number, CommittedOffset>,
): [number, CommittedOffset][] =>
  ids.flatMap((id) => {
    const offset = committed.get(id);
    return offset === undefined ? [] : [[id, offset]];
  });

/** Makes the intake of one topic. */
export function createIntake(options: IntakeOptions, deps: IntakeDeps): Intake {
  const { assignment, pipeline, positions, delivery, log } = deps;
  const { moved } = delivery.committer;
  const { topic, reset } = options;
  /** Counts assignments: what belongs to an older one is given up. */
  let epoch = 0;
  /** Partitions are being opened. */
  let opening: Promise<void> | undefined;
  const startUnknown = createRepeatedFault(
    {
      level: 'warn',
      message: 'the start of the partitions is not known yet, so none is read; asking again',
      over: 'the start of the partitions is known',
    },
    deps,
  );
  const positionUnknown = createRepeatedFault(
    {
      level: 'warn',
      message: 'where a partition goes on is not known, so it is not read; asking again',
      over: 'where the partition goes on is known',
    },
    deps,
  );

  const isFull = (partition: Partition): boolean => {
    const share = Math.max(1, assignment.opened().length);
    return (
      partition.queued >= Math.max(16, bufferRecords / share) ||
      partition.queuedBytes >= bufferBytes / share
    );
  };

  const adjustFetching = (partition: Partition): void => {
    const full = isFull(partition);
    if (full === partition.paused || partition.lost) return;
    partition.paused = full;
    if (full) deps.member()?.pause(partition.id);
    else deps.member()?.resume(partition.id);
  };

  /** @returns those that are to be tried again */
  const openClaimed = async (ids: readonly number[], mine: number): Promise<number[]> => {
    const { committed, refused } = await delivery.claim(ids);
    const bounds = await positions.bounds();
    // The membership may be over, or the assignment another, since they were asked for.
    if (mine !== epoch || !ids.every(assignment.isAssigned)) return [];
    const uncommitted: Partition[] = [];
    for (const [id, { offset: at, metadata }] of wanted(ids, committed)) {
      const range = bounds.get(id) ?? { low: 0, high: 0 };
      const start = validStart(at, range, reset);
      // What lies beyond the end was cut off the log: other records will take these offsets.
      const acked = at === start ? rangesBefore(decodeAcked(metadata, at), range.high) : [];
      const partition = openAt(id, start, acked);
      partition.high = range.high;
      // A pause of an earlier assignment may still stand in the client.
      deps.member()?.resume(id);
      // The client may stand elsewhere: a claim can settle a transaction, and markers that it has
      // passed over meanwhile would never be heard of again.
      deps.member()?.seek(id, start);
      if (at >= 0 && at < start) missed(id, at, start);
      if (at !== start) uncommitted.push(partition);
    }
    for (const id of refused) deps.member()?.pause(id);
    pipeline.assign(assignment.opened());
    await delivery.commitStanding(uncommitted);
    return ids.filter((id) => !committed.has(id) && !refused.includes(id));
  };

  const openAt = (id: number, start: number, acked?: readonly OffsetRange[]): Partition => {
    const partition = assignment.open(id, start, acked);
    delivery.opened(partition);
    return partition;
  };

  const missed = (id: number, from: number, to: number): void => {
    deps.countMissed(to - from);
    log.error(
      { topic, partition: id, from, to },
      `${to - from} records were removed from the topic before they were answered; lengthen its retention`,
    );
  };

  /** Opens the partitions whose start is not known, trying until it succeeds or it is too late. */
  const openFresh = async (ids: readonly number[], mine: number): Promise<void> => {
    for (let left = ids; left.length > 0 && mine === epoch; ) {
      if (!left.every(assignment.isAssigned)) return;
      try {
        left = await openClaimed(left, mine);
        if (left.length === 0) startUnknown.succeeded();
        pipeline.pump();
      } catch (error) {
        startUnknown.failed(error, { topic });
      }
      if (left.length > 0) await deps.pause(retryMs);
    }
  };

  const open = (ids: readonly number[]): void => {
    const mine = Promise.all([opening, openFresh(ids, epoch)]).then(() => {
      if (opening === mine) opening = undefined;
    });
    opening = mine;
  };

  const boundsNow = async (): Promise<Map<number, Bounds> | undefined> => {
    try {
      const bounds = await positions.bounds();
      positionUnknown.succeeded();
      return bounds;
    } catch (error) {
      positionUnknown.failed(error, { topic });
      return undefined;
    }
  };

  /** The client's position and ours disagree: decide by what the broker has. */
  const reposition = async (id: number, fetched: number | 'out of range'): Promise<void> => {
    const partition = assignment.get(id);
    // Nothing says yet that it is ours, or where it begins.
    if (partition === undefined)
      return fetched === 'out of range' ? deps.pause(retryMs) : undefined;
    // What is under way is written and committed first.
    if (partition.head !== undefined) return deps.pause(retryMs / 10);
    const bounds = await boundsNow();
    // What is thrown here would end the membership; the batch is fetched again anyway.
    if (bounds === undefined) return deps.pause(retryMs);
    const range = bounds.get(partition.id) ?? { low: 0, high: 0 };
    const wanted = partition.nextOffset;
    const start = validStart(wanted, range, reset);
    log.warn(
      { topic, partition: partition.id, expected: wanted, fetched, start },
      'the offset expected is not the one that was fetched',
    );
    if (start !== wanted) {
      const claimed = await delivery.claim([partition.id]).catch(() => undefined);
      if (claimed?.committed.has(partition.id) !== true) return deps.pause(retryMs);
      if (partition.lost) return;
      if (start > wanted) missed(partition.id, wanted, start);
      const fresh = openAt(partition.id, start);
      pipeline.assign(assignment.opened());
      await delivery.commitStanding([fresh]);
    }
    deps.member()?.seek(partition.id, start);
  };

  return {
    joined: (ids, sameMember) => {
      epoch += 1;
      const fresh = assignment.rejoined(ids, sameMember);
      delivery.assigned();
      pipeline.assign(assignment.opened());
      log.info({ topic, partitions: ids, kept: ids.length - fresh.length }, 'partitions assigned');
      if (fresh.length > 0) open(fresh);
      // What was done just before the rebalance may not have been committed.
      for (const partition of assignment.opened()) moved(partition);
      deps.resume();
    },
    received: async (batch) => {
      if (opening !== undefined && assignment.get(batch.partition) === undefined) {
        await Promise.race([opening, deps.pause(openingMs)]);
      }
      const reception = assignment.receive(batch);
      if (reception === 'taken') {
        const partition = assignment.get(batch.partition);
        if (partition !== undefined) {
          adjustFetching(partition);
          // A batch may hold nothing that is not answered yet.
          if (position(partition) > partition.committed) moved(partition);
        }
        pipeline.pump();
        return true;
      }
      if (reception !== 'unknown') await reposition(batch.partition, batch.askedFor);
      return false;
    },
    outOfRange: async (id) => {
      if (opening !== undefined) await Promise.race([opening, deps.pause(openingMs)]);
      await reposition(id, 'out of range');
    },
    filtered: (id, next) => {
      const partition = assignment.get(id);
      if (partition === undefined || next <= partition.nextOffset) return;
      assignment.receive({ partition: id, askedFor: partition.nextOffset, next, records: [] });
      moved(partition);
    },
    reopen: (id) => {
      if (!assignment.isAssigned(id)) return;
      assignment.forget(id);
      pipeline.assign(assignment.opened());
      open([id]);
    },
    taken: (partition) => {
      if (partition.paused) adjustFetching(partition);
    },
    repair: async () => {
      const [committed, bounds] = await Promise.all([positions.committed(), positions.bounds()]);
      for (const partition of assignment.opened()) {
        partition.high = bounds.get(partition.id)?.high ?? partition.high;
      }
      const offsetOf = (id: number): number => (committed.get(id) ?? none).offset;
      await delivery.commitStanding(assignment.opened().filter(({ id }) => offsetOf(id) < 0));
      let lag = 0;
      for (const [id, { low, high }] of bounds) {
        if (assignment.isAssigned(id)) lag += high - Math.min(high, Math.max(low, offsetOf(id)));
      }
      return lag;
    },
  };
}
