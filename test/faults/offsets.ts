/** What can be done to a group's offsets, and to the records below them, while it is empty. */

import type { InputRange, TopicRecord } from './checks.ts';
import type { Cluster } from './cluster.ts';
import { until } from './patience.ts';
import { type CellTopics, readTopic } from './topics.ts';
import { numberOf } from './workload.ts';

export interface PartitionPlace {
  readonly partition: number;
  /** First offset still there, and that of the next record to be written. */
  readonly low: number;
  readonly high: number;
  /** Negative where nothing is. */
  readonly committed: number;
}

/** What was done on purpose, for the checks to allow for. */
export interface Ledger {
  /** By number; all that was ever seen in the input topic. */
  readonly inputs: Map<number, TopicRecord>;
  readonly removed: InputRange[];
  readonly rewound: InputRange[];
}

export interface OffsetTools {
  /** By partition. */
  readonly places: () => Promise<PartitionPlace[]>;
  /** Takes down what the input holds; resolves with the numbers of its records. */
  readonly remember: () => Promise<ReadonlySet<number>>;
  /** Waits until the group has a real offset for every partition. */
  readonly real: () => Promise<void>;
  /** Waits until the group has no members. */
  readonly emptied: () => Promise<void>;
  /** The committed offsets are forgotten, as after `offsets.retention.minutes`. */
  readonly expire: () => Promise<void>;
  /** The committed offset of a partition names one that is not there yet. */
  readonly moveBeyond: (partition: number) => Promise<void>;
  /** @returns how many offsets beyond the committed one were removed */
  readonly removeUnanswered: (partition: number) => Promise<number>;
}

/** A group that starts from the beginning again finds so many records that were answered. */
const leftAnswered = 50;
const removedUnanswered = 30;
/** Further than what is written meanwhile. */
const beyond = 1_000_000;
/** Longer than a session, since killed members are missed only then. */
const emptyTimeoutMs = 60_000;

export interface OffsetToolsDeps {
  readonly ledger: Ledger;
  /** Writes some more records to the input. */
  readonly write: () => Promise<void>;
}

/** Members look after it every 10 s. */
const realTimeoutMs = 40_000;

/** @param groupId the group that reads the input topic */
export function createOffsetTools(
  cluster: Cluster,
  { input }: CellTopics,
  groupId: string,
  { ledger, write }: OffsetToolsDeps,
): OffsetTools {
  const places: OffsetTools['places'] = async () => {
    const [bounds, [committed]] = await cluster.ask('asking for offsets', (admin) =>
      Promise.all([
        admin.fetchTopicOffsets(input),
        admin.fetchOffsets({ groupId, topics: [input] }),
      ]),
    );
    const offsets = new Map(committed?.partitions.map((p) => [p.partition, Number(p.offset)]));
    return bounds
      .map(({ partition, low, high }) => ({
        partition,
        low: Number(low),
        high: Number(high),
        committed: offsets.get(partition) ?? -1,
      }))
      .sort((a, b) => a.partition - b.partition);
  };

  const unanswered = ({ high, committed }: PartitionPlace): number => high - committed;

  const remember = async (): Promise<ReadonlySet<number>> => {
    const numbers = new Set<number>();
    for (const { key, value: _, ...record } of await readTopic(cluster, input)) {
      const n = numberOf(record.headers['ce_id']);
      numbers.add(n);
      ledger.inputs.set(n, { ...record, key, value: null });
    }
    return numbers;
  };

  const remove = (partitions: readonly { partition: number; offset: number }[]): Promise<void> =>
    cluster.ask('removing records', async (admin) => {
      // kafkajs knows the leaders only of topics that it was asked about before.
      await admin.fetchTopicOffsets(input);
      await admin.deleteTopicRecords({
        topic: input,
        partitions: partitions.map(({ partition, offset }) => ({
          partition,
          offset: String(offset),
        })),
      });
    });

  /** The group will begin at the first record, few of which are answered. */
  const rewind = async (chosen: readonly PartitionPlace[]): Promise<void> => {
    await remember();
    const kept = chosen.map(({ partition, low, committed }) => ({
      partition,
      offset: Math.max(low, committed - leftAnswered),
    }));
    const moved = kept.filter(({ offset }, i) => offset > (chosen[i]?.low ?? 0));
    if (moved.length > 0) await remove(moved);
    for (const [i, { partition, offset }] of kept.entries()) {
      ledger.rewound.push({ partition, from: offset, to: chosen[i]?.high ?? offset });
    }
  };

  return {
    places,
    remember,
    real: () =>
      until('real offsets', realTimeoutMs, async () =>
        (await places()).every(({ committed, high }) => committed >= 0 && committed <= high),
      ),
    emptied: () =>
      until('the group is empty', emptyTimeoutMs, () =>
        cluster.ask('asking for members', async (admin) => {
          const { groups } = await admin.describeGroups([groupId]);
          return groups.every(({ members }) => members.length === 0);
        }),
      ),
    expire: async () => {
      await rewind(await places());
      await cluster.ask('deleting the group', (admin) => admin.deleteGroups([groupId]));
    },
    moveBeyond: async (partition) => {
      const place = (await places())[partition];
      if (place === undefined) return;
      await rewind([place]);
      const offset = String(place.high + beyond);
      await cluster.ask('setting an offset', (admin) =>
        admin.setOffsets({ groupId, topic: input, partitions: [{ partition, offset }] }),
      );
    },
    removeUnanswered: async (partition) => {
      const placeNow = async () => (await places())[partition];
      let place = await placeNow();
      for (let i = 0; i < 20 && place !== undefined; i += 1) {
        if (unanswered(place) >= removedUnanswered) break;
        await write();
        place = await placeNow();
      }
      if (place === undefined || place.committed < 0 || unanswered(place) <= 0) return 0;
      await remember();
      const { committed: from, high } = place;
      const to = Math.min(high, from + removedUnanswered);
      await remove([{ partition, offset: to }]);
      ledger.removed.push({ partition, from, to });
      return to - from;
    },
  };
}
