/** At least once: outputs are written, then positions committed (design.md §3.4). */

import type { Admin, Kafka } from 'kafkajs';
import { maxMetadataBytes } from '../delivery/acked-offsets.ts';
import {
  type CommitOffsets,
  type CommittedOffset,
  createCommitter,
  standing,
} from '../delivery/committer.ts';
import type { Log, Now, Random, Schedule } from '../delivery/ports.ts';
import { createReleaser, type Ordering, type RecordCount } from '../delivery/releaser.ts';
import type { TracedWrites } from '../delivery/traced-writes.ts';
import type { DeliveryMode } from './delivery-mode.ts';
import { withoutRefusedMetadata } from './offset-commit.ts';
import { placeOutput } from './place-output.ts';
import type { Positions } from './positions.ts';
import { createReplaceableProducer } from './producer.ts';
import { createPublisher, type PublisherOptions } from './publisher.ts';

export interface DeliveryOptions extends PublisherOptions {
  readonly ordering: Ordering;
  readonly inputTopic: string;
  readonly consumerGroup: string;
}

export interface DeliveryDeps {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly positions: Positions;
  /** Commits by the membership of now. */
  readonly commit: CommitOffsets;
  /** Whether nothing is left to do but to commit. */
  readonly idle: () => boolean;
  readonly count: (what: RecordCount, detail: string) => void;
  /** A write ended: there may be room for more. */
  readonly wrote: () => void;
  readonly now: Now;
  readonly wallClock: () => number;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly log: Log;
  /** Puts spans around the writing of outputs; undefined where nothing is traced. */
  readonly traced?: TracedWrites | undefined;
}

export const commitIntervalMs = 200;
const none: CommittedOffset = { offset: -1, metadata: null };

/** Makes the parts that write and commit. */
export function createAtLeastOnce(options: DeliveryOptions, deps: DeliveryDeps): DeliveryMode {
  const { admin, positions, schedule, log } = deps;
  const producer = createReplaceableProducer(deps.kafka, placeOutput, log);
  const publisher = createPublisher(options, { ...deps, producer });
  const commit = withoutRefusedMetadata(deps.commit, () =>
    log.warn(
      { limitBytes: maxMetadataBytes },
      "the broker refuses the commits' metadata, so a restart repeats what was answered beyond the committed offsets; raise its offset.metadata.max.bytes to 4096",
    ),
  );
  const committer = createCommitter(commitIntervalMs, {
    commit,
    schedule,
    idle: deps.idle,
    now: deps.now,
    log,
  });
  const releaser = createReleaser(options.ordering, {
    publish: deps.traced?.publish(publisher.publish) ?? publisher.publish,
    divert: publisher.divert,
    committer,
    count: deps.count,
    wrote: deps.wrote,
  });

  return {
    releaser,
    committer,
    prepare: () => publisher.learnLimits(admin),
    claim: async (ids) => {
      const committed = await positions.committed();
      return { committed: new Map(ids.map((id) => [id, committed.get(id) ?? none])), refused: [] };
    },
    opened: () => undefined,
    commitStanding: async (partitions) => {
      if (partitions.length === 0) return;
      try {
        await commit(partitions.map(standing));
      } catch {
        for (const partition of partitions) {
          partition.beyondChanged = true;
          committer.moved(partition);
        }
      }
    },
    assigned: () => undefined,
    notice: () => undefined,
    standingStill: () => 0,
    stop: publisher.close,
    close: producer.close,
  };
}
