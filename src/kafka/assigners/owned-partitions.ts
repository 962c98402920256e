/**
 * What a member of the sticky assignment tells of itself, as the subscription's user data: what it
 * has, and of which generation of the group it had it. In the form of Java's StickyAssignor.
 */

import type { Ownership } from '../../delivery/assign-sticky.ts';
import { createByteReader, createByteWriter } from './bytes.ts';
import { type Partitions, readPartitions, writePartitions } from './consumer-protocol.ts';

export function encodeOwnership({ generation, partitions }: Ownership): Buffer {
  const writer = createByteWriter();
  writePartitions(writer, partitions);
  writer.int32(generation);
  return writer.end();
}

/** @returns undefined where the bytes say nothing that can be believed */
export function decodeOwnership(userData: Uint8Array | undefined): Ownership | undefined {
  if (userData === undefined || userData.length === 0) return undefined;
  const reader = createByteReader(userData);
  const partitions = readPartitions(reader);
  const generation = reader.int32();
  return reader.failed() || generation < 0 ? undefined : { generation, partitions };
}

/**
 * Remembers what this member has. kafkajs tells the group's generation with heartbeats only, of
 * which there may have been none since the group was joined: then it is at least one more than
 * before.
 */
export interface OwnedPartitions {
  readonly joined: (partitions: Partitions) => void;
  readonly heartbeat: (generation: number) => void;
  /** undefined before the group was joined. */
  readonly get: () => Ownership | undefined;
}

export function createOwnedPartitions(): OwnedPartitions {
  let owned: Ownership | undefined;
  return {
    joined: (partitions) => {
      owned = { generation: (owned?.generation ?? -1) + 1, partitions };
    },
    heartbeat: (generation) => {
      if (owned !== undefined && generation > owned.generation) owned = { ...owned, generation };
    },
    get: () => owned,
  };
}
