import type { PartitionAssigner } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { withPatientCluster } from '../../../src/kafka/patient-cluster.ts';

type Config = Parameters<PartitionAssigner>[0];

const named = (name: string, cause?: Error): Error =>
  Object.assign(new Error(name, { cause }), { name, retriable: false });
/** As kafkajs wraps what it has tried a few times. */
const givenUp = (cause: Error): Error => named('KafkaJSNumberOfRetriesExceeded', cause);
const absent = (): Error => givenUp(named('KafkaJSConnectionError'));

/** A broker that says by which it was asked. */
function brokerOf(nodeId: string) {
  const broker = {
    nodeId,
    connected: true,
    fails: undefined as Error | undefined,
    isConnected: () => broker.connected,
    commits: [] as unknown[],
    offsetCommit: async (request: unknown) => void broker.commits.push(request),
    heartbeat: async () => {
      if (broker.fails !== undefined) throw broker.fails;
      return nodeId;
    },
  };
  return broker;
}

/** A cluster whose calls fail as told, behind two assigners. */
function setUp(mayConnect = true) {
  const first = brokerOf('1');
  const second = brokerOf('2');
  const world = { nodes: ['1', '2'], fails: undefined as Error | undefined, coordinator: first };
  const call = async (): Promise<unknown> => {
    if (world.fails !== undefined) throw world.fails;
    return world.coordinator;
  };
  const cluster = {
    getNodeIds: () => world.nodes,
    removeBroker: ({ host }: { host: string }) => {
      world.nodes = world.nodes.filter((id) => id !== host);
    },
    refreshMetadata: call,
    refreshMetadataIfNecessary: call,
    findBroker: call,
    findGroupCoordinator: call,
  };
  const config = { cluster, groupId: 'g', logger: {} } as unknown as Config;
  const plain: PartitionAssigner = () => ({
    name: 'a',
    version: 0,
    assign: async () => [],
    protocol: () => ({ name: 'a', metadata: Buffer.alloc(0) }),
  });
  const told: number[] = [];
  const outOfRange = async (partition: number): Promise<void> => void told.push(partition);
  const deps = { mayConnect: () => mayConnect, outOfRange };
  for (const create of withPatientCluster([plain, plain], deps)) create(config);
  const coordinator = cluster.findGroupCoordinator as () => Promise<typeof first>;
  return { world, cluster, first, second, coordinator, told };
}

describe('a patient cluster', () => {
  it('forgets brokers that went away, but never the last', () => {
    const { world, cluster } = setUp();
    cluster.removeBroker({ host: '1' });
    cluster.removeBroker({ host: '2' });
    expect(world.nodes).toEqual(['2']);
  });

  it.each([
    ['findBroker', absent()],
    ['refreshMetadata', absent()],
    ['refreshMetadataIfNecessary', givenUp(named('KafkaJSRequestTimeoutError'))],
    ['findGroupCoordinator', named('KafkaJSGroupCoordinatorNotFound')],
  ] as const)('makes %s fail such that kafkajs tries again', async (name, error) => {
    const { world, cluster } = setUp();
    world.fails = error;
    await expect(cluster[name]()).rejects.toMatchObject({ retriable: true });
  });

  it('leaves errors alone that waiting does not mend, and all while credentials are refused', async () => {
    const unauthorised = setUp();
    unauthorised.world.fails = givenUp(named('KafkaJSSASLAuthenticationError'));
    await expect(unauthorised.cluster.findBroker()).rejects.toMatchObject({ retriable: false });
    const refused = setUp(false);
    refused.world.fails = absent();
    await expect(refused.cluster.findBroker()).rejects.toMatchObject({ retriable: false });
  });

  it('commits no offset that is none: whoever knows better is told', async () => {
    const { first, coordinator, told } = setUp();
    const found = await coordinator();
    const commitOf = (offset: string | number) => ({
      topics: [{ topic: 'in', partitions: [{ partition: 3, offset }] }],
    });
    for (const offset of ['-2', -1]) await found.offsetCommit(commitOf(offset));
    expect(told).toEqual([3, 3]);
    expect(first.commits).toEqual([]);
    await found.offsetCommit(commitOf('0'));
    expect(told).toHaveLength(2);
    expect(first.commits).toEqual([commitOf('0')]);
  });

  it('follows the group to another coordinator when its own is away', async () => {
    const { world, first, second, coordinator } = setUp();
    const found = await coordinator();
    expect(await found.heartbeat()).toBe('1');
    world.coordinator = second;
    expect(await found.heartbeat()).toBe('1');
    first.connected = false;
    expect(found.isConnected()).toBe(true);
    expect([await found.heartbeat(), found.nodeId]).toEqual(['2', '2']);
  });

  it('looks the coordinator up again when it does not answer, though it is connected', async () => {
    const { world, first, second, coordinator } = setUp();
    const found = await coordinator();
    world.coordinator = second;
    first.fails = named('KafkaJSRequestTimeoutError');
    await expect(found.heartbeat()).rejects.toThrow('KafkaJSRequestTimeoutError');
    expect(await found.heartbeat()).toBe('2');
  });
});
