/**
 * Writes the end of a transaction where the broker has left it out.
 *
 * A coordinator decides a transaction first and then has a marker written to all that it wrote to.
 * Kafka 4.3.1 leaves markers out of partitions whose leader has just come back and is not admitted
 * yet ("Couldn't find leader endpoint …, likely deleted already", in its log), and calls the
 * transaction complete. The group's offset of it then stays undecided for good.
 *
 * M1 The decision is still known while no producer has been initialised since: it is asked for, and
 *    the offset looked at, before that.
 * M2 The next producer of the id writes a transaction that holds nothing, to all that the lost one
 *    can have written to, and ends it in the same way. Where markers were not left out, that changes
 *    nothing.
 * M3 Only where nobody has come between: the producer's id and epoch tell.
 * M4 What a failure interrupts is taken up again, with the same producer.
 * M5 Where the transaction failed in our sight its end is written again though the offset is decided:
 *    an output partition may lack its marker. Its readers would wait for the next transaction there,
 *    which would end the old one in its own way: what was aborted would be seen.
 */

import type { Log, Now } from '../../delivery/ports.ts';
import { protocolErrorOf } from '../protocol-error.ts';
import type { TransactionState } from './describe-transactions.ts';
import { createGrowingPause } from './growing-pause.ts';
import type { ReadStableOffset } from './stable-offsets.ts';
import type {
  ProducerIdentity,
  TransactionCoordinator,
  TransactionScope,
} from './transaction-coordinator.ts';

export interface LeftOutMarkersOptions {
  readonly transactionalIdOf: (partition: number) => string;
  readonly transactionTimeoutMs: number;
}

export interface LeftOutMarkersDeps {
  readonly coordinator: TransactionCoordinator;
  readonly committed: ReadStableOffset;
  /** All that a transaction of ours can have written to. */
  readonly scope: () => Promise<TransactionScope>;
  readonly pause: (delayMs: number) => Promise<void>;
  readonly now: Now;
  readonly log: Pick<Log, 'warn'>;
}

/** A repair that was begun: M4. */
interface Repair {
  readonly producer: ProducerIdentity;
  readonly commit: boolean;
}

/** Markers take a moment; where the broker of one is away, we are told and ask again later. */
const settlingMs = 15_000;
/** Brokers before Kafka 4 decide offsets a moment after their marker is written. */
const patienceMs = 1_000;

/** @param failed whether the last transaction, made by this process, failed (M5) */
export type SettleLast = (partition: number, failed: boolean) => Promise<void>;

/**
 * @returns has the last transaction of a partition settled, before its next producer is made;
 *   rejects where that is to be tried again
 */
export function createLeftOutMarkers(
  options: LeftOutMarkersOptions,
  deps: LeftOutMarkersDeps,
): SettleLast {
  const { coordinator, now } = deps;
  const repairs = new Map<number, Repair>();
  /** Producers whose last end was written again: once must do. */
  const repaired = new Map<number, string>();

  /** Waits until the last transaction is decided and its markers are written, as Kafka has it. */
  const settled = async (transactionalId: string): Promise<TransactionState | undefined> => {
    const deadlineMs = now() + settlingMs;
    for (const pauseAgain = createGrowingPause(deps.pause); ; await pauseAgain()) {
      const last = await coordinator.describe(transactionalId);
      if (last === undefined || !isOpen(last)) return last;
      if (last.state === 'Ongoing') await abort(transactionalId);
      if (now() > deadlineMs) {
        throw new Error(
          `the last transaction of ${transactionalId} is ${last.state} and not settled: a broker that it wrote to is away`,
        );
      }
    }
  };

  const abort = async (transactionalId: string): Promise<void> => {
    try {
      await coordinator.init(transactionalId, options.transactionTimeoutMs);
    } catch (error) {
      // It has begun to.
      if (protocolErrorOf(error) !== 'CONCURRENT_TRANSACTIONS') throw error;
    }
  };

  const isDecided = async (partition: number): Promise<boolean> => {
    const deadlineMs = now() + patienceMs;
    for (const pauseAgain = createGrowingPause(deps.pause); ; await pauseAgain()) {
      try {
        await deps.committed(partition);
        return true;
      } catch (error) {
        if (protocolErrorOf(error) !== 'UNSTABLE_OFFSET_COMMIT') throw error;
      }
      if (now() > deadlineMs) return false;
    }
  };

  const finish = async (partition: number, { producer, commit }: Repair): Promise<void> => {
    const transactionalId = options.transactionalIdOf(partition);
    await coordinator.mark(transactionalId, producer, await deps.scope(), commit);
    repairs.delete(partition);
    repaired.set(partition, producer.producerId);
    await settled(transactionalId);
  };

  const takeUp = async (partition: number, repair: Repair): Promise<void> => {
    const last = await coordinator.describe(options.transactionalIdOf(partition));
    const isOurs = last !== undefined && isSame(last, repair.producer);
    if (isOurs && (last.state === 'Empty' || last.state === 'Ongoing')) {
      return finish(partition, repair);
    }
    // Somebody else has been here, or it got through.
    repairs.delete(partition);
  };

  return async (partition, failed) => {
    const transactionalId = options.transactionalIdOf(partition);
    const begun = repairs.get(partition);
    if (begun !== undefined) await takeUp(partition, begun);
    const last = await settled(transactionalId);
    if (last === undefined || !isComplete(last)) return;
    const decided = await isDecided(partition);
    if (decided) repaired.delete(partition);
    if (decided ? !failed : repaired.get(partition) === last.producerId) return;
    const commit = last.state === 'CompleteCommit';
    if (!decided) {
      deps.log.warn(
        { transactionalId, partition, decision: commit ? 'commit' : 'abort' },
        'the broker has left out the end of the last transaction of the partition: it is written again, as it was decided',
      );
    }
    const producer = await coordinator.init(transactionalId, options.transactionTimeoutMs);
    const next = { ...last, producerEpoch: last.producerEpoch + 1 };
    if (!isSame(next, producer)) {
      if (decided) return;
      throw new Error(`another producer of ${transactionalId} came between; trying again`);
    }
    const repair = { producer, commit };
    repairs.set(partition, repair);
    await finish(partition, repair);
  };
}

const isComplete = ({ state }: TransactionState): boolean =>
  state === 'CompleteCommit' || state === 'CompleteAbort';

const isOpen = ({ state }: TransactionState): boolean =>
  state === 'Ongoing' || state.startsWith('Prepare');

const isSame = (a: ProducerIdentity, b: ProducerIdentity): boolean =>
  a.producerId === b.producerId && a.producerEpoch === b.producerEpoch;
