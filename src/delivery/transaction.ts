/** What exactly-once delivery needs from the outside (design.md §3.4): transactions of one partition. */

import type { CommittedOffset, OffsetToCommit } from './committer.ts';
import type { OutputRecord } from './record.ts';

/** What becomes visible together, or not at all. */
export interface Transaction {
  readonly outputs: readonly OutputRecord[];
  /** Records of the error topic. */
  readonly errors: readonly OutputRecord[];
  /** Where the input partition stands then. */
  readonly standing: OffsetToCommit;
}

/** The right to write the answers of one partition, until somebody takes it. One call at a time. */
export interface TransactionSession {
  /**
   * Resolves when all of it is committed. Where it rejects, whether it was is not known, and the
   * session is of no further use: only a new claim can tell.
   */
  readonly commit: (transaction: Transaction) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface Claim {
  readonly session: TransactionSession;
  /** What the group had when every earlier session was shut out and its last transaction settled. */
  readonly committed: CommittedOffset;
}

/** Shuts out every earlier session of a partition, settles its transaction, and reads the result. */
export type ClaimPartition = (partition: number) => Promise<Claim>;

/** What a failed transaction means to us; a failed claim too. */
export type TransactionFault =
  /** A record is larger than its topic takes. */
  | 'too-large'
  /** Somebody else has claimed the partition. */
  | 'fenced'
  /** It may succeed when it is tried again. */
  | 'passing';
