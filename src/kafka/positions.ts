/** Where the group stands in the input topic, and where the topic begins and ends. */

import type { Admin } from 'kafkajs';
import type { CommittedOffset } from '../delivery/committer.ts';

export type OffsetReset = 'earliest' | 'latest';

export interface Bounds {
  /** The first offset still there. */
  readonly low: number;
  /** The offset of the next record to be written. */
  readonly high: number;
}

export interface Positions {
  /** By partition. */
  readonly committed: () => Promise<Map<number, CommittedOffset>>;
  readonly bounds: () => Promise<Map<number, Bounds>>;
}

export interface PositionsOptions {
  readonly groupId: string;
  readonly topic: string;
}

/** Reads positions by the admin client given. */
export function createPositions({ groupId, topic }: PositionsOptions, admin: Admin): Positions {
  return {
    committed: async () => {
      const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
      return new Map(
        offsets?.partitions.map(({ partition, offset, metadata }) => [
          partition,
          { offset: Number(offset), metadata },
        ]),
      );
    },
    bounds: async () => {
      const offsets = await admin.fetchTopicOffsets(topic);
      return new Map(
        offsets.map((p) => [p.partition, { low: Number(p.low), high: Number(p.high) }]),
      );
    },
  };
}

/**
 * Where to go on when `wanted` is an offset that the partition may no longer hold.
 * @returns `wanted` where it is there, else the end that the reset policy names
 */
export function validStart(wanted: number, bounds: Bounds, reset: OffsetReset): number {
  if (wanted >= bounds.low && wanted <= bounds.high) return wanted;
  return reset === 'earliest' ? bounds.low : bounds.high;
}
