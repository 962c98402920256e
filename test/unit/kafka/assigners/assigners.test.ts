import { AssignerProtocol, type Cluster, type PartitionAssigner } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { createAssigners, stickyProtocol } from '../../../../src/kafka/assigners/assigners.ts';
import { encodeSubscription } from '../../../../src/kafka/assigners/consumer-protocol.ts';
import {
  createOwnedPartitions,
  encodeOwnership,
} from '../../../../src/kafka/assigners/owned-partitions.ts';

type Config = Parameters<PartitionAssigner>[0];

const metadata = (count: number) =>
  // As brokers may tell them: in any order.
  Array.from({ length: count }, (_, i) => ({ partitionId: count - 1 - i }));

/** The assigners of a leader whose client knows `known`, in a cluster that has `topics`. */
function setUp(known: readonly string[], topics: Readonly<Record<string, number>>) {
  const cluster = {
    findTopicPartitionMetadata: (topic: string) =>
      known.includes(topic) ? metadata(topics[topic] ?? 0) : [],
    metadata: async () => ({
      brokers: [],
      topicMetadata: Object.entries(topics).map(([topic, count]) => ({
        topic,
        partitionMetadata: metadata(count),
      })),
    }),
  } as unknown as Cluster;
  const owned = createOwnedPartitions();
  const warnings: string[] = [];
  const log = { warn: (_: object, message: string) => void warnings.push(message) };
  const config = { cluster, groupId: 'g', logger: {} } as unknown as Config;
  const assigners = createAssigners({ owned, log }).map((create) => create(config));
  const assign = async (name: string, members: Record<string, Buffer>) => {
    const assigner = assigners.find((a) => a.name === name);
    const given = await assigner?.assign({
      members: Object.entries(members).map(([memberId, memberMetadata]) => ({
        memberId,
        memberMetadata,
      })),
      topics: [...known],
    });
    const decode = AssignerProtocol.MemberAssignment.decode;
    return Object.fromEntries(
      given?.map((m) => [m.memberId, { ...decode(m.memberAssignment)?.assignment }]) ?? [],
    );
  };
  return { assigners, owned, warnings, assign };
}

const subscribed = (...topics: string[]) => encodeSubscription({ topics, userData: undefined });

describe('the assigners of a member', () => {
  it('offer ours first, then range for other clients, then kafkajs’ own', () => {
    const { assigners } = setUp(['t'], { t: 1 });
    expect(assigners.map((a) => a.name)).toEqual([stickyProtocol, 'range', 'RoundRobinAssigner']);
    for (const assigner of assigners) {
      expect(assigner.protocol({ topics: ['t'] }).name).toBe(assigner.name);
    }
  });

  it('range gives every member consecutive partitions, in ascending order', async () => {
    const { assign } = setUp(['t'], { t: 5 });
    expect(await assign('range', { b: subscribed('t'), a: subscribed('t') })).toEqual({
      a: { t: [0, 1, 2] },
      b: { t: [3, 4] },
    });
  });

  it('topics that only other members have are given to those, and one that is missing to nobody', async () => {
    const { assign } = setUp(['t'], { t: 2, other: 2 });
    const members = { a: subscribed('t'), b: subscribed('other', 'missing') };
    expect(await assign('range', members)).toEqual({ a: { t: [0, 1] }, b: { other: [0, 1] } });
  });

  it('a member whose subscription cannot be read gets an empty assignment, and the log says so', async () => {
    const { assign, warnings } = setUp(['t'], { t: 2 });
    const members = { a: subscribed('t'), b: Buffer.from([0]) };
    expect(await assign(stickyProtocol, members)).toEqual({ a: { t: [0, 1] }, b: {} });
    expect(warnings).toHaveLength(1);
  });

  it('sticky believes what members say they have, and ignores what makes no sense', async () => {
    const { assign, assigners, owned } = setUp(['t'], { t: 4 });
    owned.joined(new Map([['t', [1, 3]]]));
    const mine = assigners[0]?.protocol({ topics: ['t'] }).metadata ?? Buffer.alloc(0);
    const hostile = [
      Buffer.from('7fffffff', 'hex'),
      encodeOwnership({ generation: 9, partitions: new Map([['t', [99, -1]]]) }),
      encodeOwnership({ generation: 9, partitions: new Map([['unknown', [0, 1, 2, 3]]]) }),
    ];
    for (const userData of hostile) {
      const other = encodeSubscription({ topics: ['t'], userData });
      expect(await assign(stickyProtocol, { a: other, z: mine })).toEqual({
        a: { t: [0, 2] },
        z: { t: [1, 3] },
      });
    }
  });
});
