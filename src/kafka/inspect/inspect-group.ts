/** Looks at a group and its positions. */

import type { Admin, Cluster, CoordinatorMetadata } from 'kafkajs';
import type { Schedule } from '../../delivery/ports.ts';
import { onceCoordinated } from '../coordinator-patience.ts';
import { protocolErrorOf } from '../protocol-error.ts';
import { coordinatorKind, type KafkajsBroker } from '../transactions/coordinators.ts';
import { askRaw, hasApi } from '../transactions/raw-request.ts';
import { decodeDescribeGroups, describeGroups, encodeDescribeGroups } from './describe-groups.ts';

export interface InspectedGroup {
  readonly name: string;
  readonly state: string | undefined;
  readonly members: number;
  readonly problem: string | undefined;
  readonly operations: readonly string[] | undefined;
  readonly positions: readonly {
    readonly partition: number;
    readonly committed: number;
    readonly low: number;
    readonly high: number;
  }[];
}

export const unknownGroup = (name: string, problem?: string): InspectedGroup => ({
  name,
  state: undefined,
  members: 0,
  problem,
  operations: undefined,
  positions: [],
});

export interface InspectGroupDeps {
  readonly admin: Admin;
  readonly cluster: Cluster;
  /** Any of them, connected. */
  readonly broker: KafkajsBroker;
  readonly schedule: Schedule;
}

/**
 * @param inputTopic undefined where it cannot be read
 * @throws where Kafka cannot be asked
 */
export async function inspectGroup(
  name: string,
  inputTopic: string | undefined,
  deps: InspectGroupDeps,
): Promise<InspectedGroup> {
  const { admin, schedule } = deps;
  const ask = async (): Promise<InspectedGroup> => {
    const described = await describe(name, deps);
    const positions = inputTopic === undefined ? [] : await positionsOf(name, inputTopic, admin);
    return { name, ...described, positions };
  };
  try {
    return await onceCoordinated(ask, { patienceMs, schedule });
  } catch (error) {
    const type = protocolErrorOf(error);
    if (type === undefined) throw error;
    const problem =
      type === 'GROUP_AUTHORIZATION_FAILED'
        ? 'may not be seen by this user (group authorisation failed): allow Describe and Read on it'
        : `cannot be asked (${type})`;
    return unknownGroup(name, problem);
  }
}

/** As kafkajs names them. */
const errorTypes = new Map([
  [14, 'GROUP_LOAD_IN_PROGRESS'],
  [15, 'GROUP_COORDINATOR_NOT_AVAILABLE'],
  [16, 'NOT_COORDINATOR_FOR_GROUP'],
  [30, 'GROUP_AUTHORIZATION_FAILED'],
]);

/** As in the first seconds of a cluster. */
const patienceMs = 4_500;

/** What kafkajs' types leave out of its brokers. */
interface FindsCoordinator {
  readonly findGroupCoordinator: (group: {
    readonly groupId: string;
    readonly coordinatorType: number;
  }) => Promise<CoordinatorMetadata>;
}

async function describe(name: string, { admin, cluster, broker }: InspectGroupDeps) {
  // Its cluster keeps to itself why there is no coordinator; a broker says so.
  const { coordinator: found } = await (broker as unknown as FindsCoordinator).findGroupCoordinator(
    { groupId: name, coordinatorType: coordinatorKind.group },
  );
  const coordinator = await cluster.findBroker({ nodeId: String(found.nodeId) });
  if (!hasApi(coordinator, describeGroups)) {
    const { groups } = await admin.describeGroups([name]);
    const [group] = groups;
    const members = group?.members.length ?? 0;
    return { state: group?.state, members, problem: undefined, operations: undefined };
  }
  const { error, state, members, operations } = await askRaw(coordinator, {
    api: describeGroups,
    body: encodeDescribeGroups(name),
    decode: decodeDescribeGroups,
  });
  if (error === 0) return { state, members, problem: undefined, operations };
  const type = errorTypes.get(error);
  const message = `the group cannot be described: Kafka's error ${error}`;
  throw Object.assign(new Error(message), { type: type ?? `error ${error}` });
}

async function positionsOf(groupId: string, topic: string, admin: Admin) {
  const [log, committed] = await Promise.all([
    admin.fetchTopicOffsets(topic),
    admin.fetchOffsets({ groupId, topics: [topic] }),
  ]);
  const offsets = new Map(
    committed
      .flatMap(({ partitions }) => partitions)
      .map(({ partition, offset }) => [partition, Number(offset)]),
  );
  return log
    .map(({ partition, low, high }) => ({
      partition,
      committed: offsets.get(partition) ?? -1,
      low: Number(low),
      high: Number(high),
    }))
    .sort((one, other) => one.partition - other.partition);
}
