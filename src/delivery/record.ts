/** Kafka records as the core sees them: no client's types. */

/** Header values as they stand on the wire, repeated ones in order. */
export type RecordHeaders = Readonly<
  Record<string, Uint8Array | string | readonly (Uint8Array | string)[] | undefined>
>;

export interface InputRecord {
  readonly topic: string;
  readonly partition: number;
  /** Exact up to 2^53, which no partition reaches. */
  readonly offset: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: string;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: RecordHeaders;
}

export interface OutputRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: RecordHeaders;
  /**
   * Where a record without a key goes: this number modulo the output's partitions.
   * A record with a key goes where its key says.
   */
  readonly inputPartition: number;
}
