/**
 * Keeps kafkajs' consumer alive and in its group while brokers are away. What kafkajs does instead,
 * and what comes of it: a consumer that gives up is replaced by a new member, which the group lets
 * in when the old one's session has ended, 10 s and more after the broker's return.
 *
 * P1 kafkajs forgets a broker whose connection closes, and gives up when none is left: the last one
 *    is kept. Should it have moved, the failing connection makes kafkajs ask the bootstrap brokers.
 * P2 Where a few attempts at a connection fail it gives up: that is made an error after which it
 *    tries again, with the pauses of the consumer's own retry settings.
 * P3 It talks to the group's coordinator of the last join for ever, though another broker has taken
 *    the group over meanwhile: where that one is not connected, it is looked up anew. Member id and
 *    generation stay good, so nothing has to be joined again.
 * P4 Where its offset is out of range it commits one that is none, -1 or -2, over the group's: what
 *    the group had is lost, and with it how much was missed. Nothing is committed; we are told, and
 *    send it to where it goes on.
 */

import type { Cluster, PartitionAssigner } from 'kafkajs';

export interface PatientClusterDeps {
  /** Whether to go on trying: not while all brokers refuse our credentials. */
  readonly mayConnect: () => boolean;
  /** The client's offset of a partition is out of range; it fetches again when this resolves. */
  readonly outOfRange: (partition: number) => Promise<void>;
}

type Call = (request: unknown) => Promise<unknown>;

/** What a consumer asks of its coordinator. */
const coordinatorCalls = [
  'joinGroup',
  'syncGroup',
  'heartbeat',
  'leaveGroup',
  'offsetCommit',
  'offsetFetch',
  'describeGroups',
] as const;

type Coordinator = Readonly<Record<(typeof coordinatorCalls)[number], Call>> & {
  readonly nodeId: string;
  readonly isConnected: () => boolean;
};

/** kafkajs' types leave out what its consumer uses of a coordinator. */
type ConsumerCluster = Omit<Cluster, 'findGroupCoordinator'> & {
  findGroupCoordinator: (group: unknown) => Promise<Coordinator>;
};

/**
 * Partition assigners are the one public place at which kafkajs hands out the cluster of a
 * consumer (docs/decisions/0006).
 * @param assigners all that one consumer is made with
 */
export function withPatientCluster(
  assigners: readonly PartitionAssigner[],
  deps: PatientClusterDeps,
): PartitionAssigner[] {
  let patient = false;
  return assigners.map((createAssigner) => (config) => {
    if (!patient) makePatient(config.cluster as unknown as ConsumerCluster, deps);
    patient = true;
    return createAssigner(config);
  });
}

function makePatient(cluster: ConsumerCluster, deps: PatientClusterDeps): void {
  const remove = cluster.removeBroker.bind(cluster);
  cluster.removeBroker = (broker) => {
    if (cluster.getNodeIds().length > 1) remove(broker);
  };

  const patiently =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    (...args: Args): Promise<Result> =>
      call.apply(cluster, args).catch((error) => {
        throw deps.mayConnect() ? retriable(error) : error;
      });

  cluster.refreshMetadata = patiently(cluster.refreshMetadata);
  cluster.refreshMetadataIfNecessary = patiently(cluster.refreshMetadataIfNecessary);
  cluster.findBroker = patiently(cluster.findBroker);
  const find = patiently(cluster.findGroupCoordinator);
  cluster.findGroupCoordinator = async (group) => {
    const followed = follow(await find(group), () => find(group));
    return Object.assign(followed, {
      offsetCommit: withoutResets(followed.offsetCommit, deps.outOfRange),
    });
  };
}

/** A coordinator that is looked up anew where it cannot be reached any more. */
function follow(found: Coordinator, find: () => Promise<Coordinator>): Coordinator {
  let current = found;
  let silent = false;
  const calls = coordinatorCalls.map((name) => {
    const call: Call = async (request) => {
      if (silent || !current.isConnected()) current = await find();
      silent = false;
      try {
        return await current[name](request);
      } catch (error) {
        silent = nameOf(error) === 'KafkaJSRequestTimeoutError';
        throw error;
      }
    };
    return [name, call] as const;
  });
  return {
    ...(Object.fromEntries(calls) as Record<(typeof coordinatorCalls)[number], Call>),
    get nodeId() {
      return current.nodeId;
    },
    // Each call sees to it.
    isConnected: () => true,
  };
}

/** What kafkajs hands to a coordinator's offsetCommit. */
interface OffsetCommit {
  readonly topics: readonly {
    readonly partitions: readonly { readonly partition: number; readonly offset: unknown }[];
  }[];
}

/** A reset comes by itself: kafkajs never commits it beside real offsets. */
const withoutResets =
  (commit: Call, outOfRange: PatientClusterDeps['outOfRange']): Call =>
  async (request) => {
    const partitions = (request as OffsetCommit).topics.flatMap((topic) => topic.partitions);
    const resets = partitions.filter(({ offset }) => Number(offset) < 0);
    if (resets.length === 0) return commit(request);
    for (const { partition } of resets) await outOfRange(partition);
    return undefined;
  };

/** By name: Node sees no named exports among kafkajs' errors. */
const passing = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSLockTimeout',
]);

/** @returns the error as one that kafkajs tries again after, where it stands for absent brokers */
function retriable(error: unknown): unknown {
  const cause = deepestCause(error);
  if (!passing.has(nameOf(cause))) return error;
  return Object.assign(cause as Error, { retriable: true });
}

function deepestCause(error: unknown): unknown {
  let deepest = error;
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause;
  return deepest;
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');
