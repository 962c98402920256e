import { describe, expect, it } from 'vitest';
import type { Log } from '../../../src/delivery/ports.ts';
import type { TopicCreation } from '../../../src/kafka/topic-creation.ts';
import { waitForTopics } from '../../../src/kafka/topics.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const topics = [
  { name: 'in', role: 'KAFKA_INPUT_TOPIC' },
  { name: 'out', role: 'KAFKA_OUTPUT_TOPIC' },
];

const protocolError = (type: string): Error => Object.assign(new Error(type), { type });

interface World {
  existing: string[];
  closed: boolean;
  unreachable: boolean;
  /** Partitions of every topic that exists. */
  partitions: number;
  /** Topics that this user may not see. */
  hidden: string[];
  /** What the broker answers to a creation, in kafkajs' wrapping. */
  refusal: Error | undefined;
  /** Another adapter creates it first. */
  late: boolean;
  readonly asked: object[];
}

function setUp(existing: string[], creation?: TopicCreation, given: Partial<World> = {}) {
  const clock = createFakeClock();
  const world: World = {
    existing,
    closed: false,
    unreachable: false,
    partitions: 1,
    hidden: [],
    refusal: undefined,
    late: false,
    asked: [],
    ...given,
  };
  const warnings: string[] = [];
  const infos: string[] = [];
  const unexpected = (): void => {
    throw new Error('unexpected');
  };
  const log: Log = {
    debug: unexpected,
    info: (_fields, message) => infos.push(message),
    error: unexpected,
    warn: (_fields, message) => warnings.push(message),
  };
  let end: string | undefined;
  const admin = {
    listTopics: async () => {
      if (world.unreachable) throw new Error('no broker');
      return world.existing;
    },
    fetchTopicMetadata: async (options?: { topics: string[] }) => {
      const [name = ''] = options?.topics ?? [];
      if (world.hidden.includes(name)) throw protocolError('TOPIC_AUTHORIZATION_FAILED');
      if (!world.existing.includes(name)) {
        // As kafkajs' retrier hands it on.
        throw new Error('retried', { cause: protocolError('UNKNOWN_TOPIC_OR_PARTITION') });
      }
      const partitions = Array.from({ length: world.partitions }, (_, partitionId) => ({
        partitionErrorCode: 0,
        partitionId,
        leader: 0,
        replicas: [],
        isr: [],
      }));
      return { topics: [{ name, partitions }] };
    },
    createTopics: async ({ topics: wanted }: { topics: { topic: string }[] }) => {
      world.asked.push(...wanted);
      if (world.refusal !== undefined) {
        throw Object.assign(new Error('Topic creation errors'), { errors: [world.refusal] });
      }
      world.existing = [...world.existing, ...wanted.map(({ topic }) => topic)];
      return !world.late;
    },
  };
  const deps = { admin, pause: clock.sleep, closed: () => world.closed, log };
  waitForTopics(topics, deps, creation).then(
    () => (end = 'there'),
    (error: Error) => (end = error.message),
  );
  return { clock, world, warnings, infos, end: () => end };
}

const byDefault = { numPartitions: undefined, replicationFactor: undefined };

describe('waiting for topics', () => {
  it('is over at once where all exist, and says nothing', async () => {
    const { clock, warnings, end } = setUp(['in', 'out', 'other']);
    await clock.advance(0);
    expect([end(), warnings]).toEqual(['there', []]);
  });

  it('says which are missing and which settings name them, and ends when they appear', async () => {
    const { clock, world, warnings, end } = setUp(['in']);
    await clock.advance(5_000);
    expect(end()).toBeUndefined();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('out (KAFKA_OUTPUT_TOPIC) does not exist');
    expect(warnings[0]).not.toContain('KAFKA_INPUT_TOPIC');
    world.existing = ['in', 'out'];
    await clock.advance(1_000);
    expect(end()).toBe('there');
  });

  it('tells a topic that may not be seen from one that does not exist', async () => {
    const { clock, warnings } = setUp([], undefined, { hidden: ['in'] });
    await clock.advance(0);
    expect(warnings[0]).toContain('in (KAFKA_INPUT_TOPIC) may not be seen by this user');
    expect(warnings[0]).toContain('out (KAFKA_OUTPUT_TOPIC) does not exist');
  });

  it('says it again now and then', async () => {
    const { clock, warnings } = setUp([]);
    await clock.advance(65_000);
    expect(warnings).toHaveLength(3);
  });

  it('ends when we are closed', async () => {
    const { clock, world, end } = setUp([]);
    await clock.advance(100);
    world.closed = true;
    await clock.advance(1_000);
    expect(end()).toBe('there');
  });

  it('fails where Kafka cannot be asked', async () => {
    const { clock, world, end } = setUp([]);
    world.unreachable = true;
    await clock.advance(1_000);
    expect(end()).toBe('no broker');
  });

  it('asks for no topic unless it is told how', async () => {
    const { clock, world } = setUp([]);
    await clock.advance(65_000);
    expect(world.asked).toEqual([]);
  });
});

describe('creating topics', () => {
  it('creates what is missing, as the settings say, and tells it', async () => {
    const creation = { numPartitions: 6, replicationFactor: 3 };
    const { clock, world, warnings, infos, end } = setUp(['in'], creation, { partitions: 6 });
    await clock.advance(1_000);
    expect(end()).toBe('there');
    expect(world.asked).toEqual([{ topic: 'out', numPartitions: 6, replicationFactor: 3 }]);
    expect(infos).toEqual(['created out (KAFKA_OUTPUT_TOPIC)']);
    expect(warnings).toEqual([]);
  });

  it('leaves to the broker what the settings do not say', async () => {
    const { clock, world } = setUp(['in'], byDefault);
    await clock.advance(1_000);
    expect(world.asked).toEqual([{ topic: 'out', numPartitions: -1, replicationFactor: -1 }]);
  });

  it('is content where another adapter was faster', async () => {
    const { clock, warnings, infos, end } = setUp([], byDefault, { late: true });
    await clock.advance(1_000);
    expect([end(), warnings, infos]).toEqual(['there', [], []]);
  });

  it.each([
    ['TOPIC_AUTHORIZATION_FAILED', /out \(KAFKA_OUTPUT_TOPIC\) .*may not create/],
    ['CLUSTER_AUTHORIZATION_FAILED', /allow Create on the cluster/],
    ['INVALID_REPLICATION_FACTOR', /KAFKA_REPLICATION_FACTOR is more than there are brokers/],
    ['POLICY_VIOLATION', /policy refuses/],
    ['SOMETHING_NEW', /SOMETHING_NEW/],
  ])('says why a topic cannot be created (%s), and waits for it', async (type, told) => {
    const { clock, world, warnings, end } = setUp(['in'], byDefault, {
      refusal: protocolError(type),
    });
    await clock.advance(5_000);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(told);
    expect(end()).toBeUndefined();
    world.existing = ['in', 'out'];
    await clock.advance(1_000);
    expect(end()).toBe('there');
  });

  it('asks again now and then, since rights may have been given meanwhile', async () => {
    const { clock, world, end } = setUp(['in'], byDefault, {
      refusal: protocolError('TOPIC_AUTHORIZATION_FAILED'),
    });
    await clock.advance(5_000);
    world.refusal = undefined;
    await clock.advance(30_000);
    expect(end()).toBe('there');
  });

  it('warns of a topic with fewer partitions than asked for, and uses it', async () => {
    const creation = { numPartitions: 6, replicationFactor: undefined };
    const { clock, world, warnings, end } = setUp(['in', 'out'], creation, { partitions: 2 });
    await clock.advance(0);
    expect(end()).toBe('there');
    expect(world.asked).toEqual([]);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('in (KAFKA_INPUT_TOPIC) has 2 partitions');
  });
});
