/**
 * The brokers that coordinate the group and its transactional ids, on connections of our own.
 *
 * C1 Not the consumer's: kafkajs confuses a connection that several callers make or break at once,
 *    and when a broker goes all partitions ask at once. A consumer that never joins lends its cluster
 *    (docs/decisions/0006), whose connections are made by one caller at a time.
 * C2 After a failure that no broker has told, the cluster is thrown away; after one that a broker
 *    has told, who coordinates is asked anew.
 */

import type { Cluster, Consumer, Kafka } from 'kafkajs';
import { protocolErrorOf } from '../protocol-error.ts';

/** As FindCoordinator tells the two kinds apart. */
export const coordinatorKind = { group: 0, transactions: 1 } as const;

export interface Coordinator {
  readonly kind: (typeof coordinatorKind)[keyof typeof coordinatorKind];
  /** The group, or the transactional id. */
  readonly key: string;
}

/** A connected kafkajs broker, of which its types tell too little. */
export type KafkajsBroker = Awaited<ReturnType<Cluster['findBroker']>>;

export interface Coordinators {
  /** Asks whoever coordinates; rejects where that is to be tried again. */
  readonly ask: <Answer>(
    who: Coordinator,
    question: (broker: KafkajsBroker) => Promise<Answer>,
  ) => Promise<Answer>;
  readonly close: () => Promise<void>;
}

export interface CoordinatorsOptions {
  readonly consumerGroup: string;
  /** Any topic that is there: kafkajs would ask for all otherwise. */
  readonly inputTopic: string;
}

interface Connected {
  readonly cluster: Cluster;
  readonly consumer: Consumer;
  /** The nodes that coordinate, as far as they were asked for. */
  readonly nodes: Map<string, string>;
}

/** Nothing is connected before the first question. */
export function createCoordinators(
  { consumerGroup, inputTopic }: CoordinatorsOptions,
  kafka: Kafka,
): Coordinators {
  let connected: Connected | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const connect = async (): Promise<Connected> => {
    const made: { cluster?: Cluster } = {};
    const consumer = kafka.consumer({
      groupId: consumerGroup,
      retry: { retries: 0 },
      partitionAssigners: [
        ({ cluster }) => {
          made.cluster = cluster;
          return neverAsked;
        },
      ],
    });
    const { cluster } = made;
    if (cluster === undefined) throw new Error('kafkajs has not lent its cluster');
    try {
      await cluster.connect();
      await cluster.addTargetTopic(inputTopic);
    } catch (error) {
      void disconnect(consumer);
      throw error;
    }
    return { cluster, consumer, nodes: new Map() };
  };

  const drop = async (dropped: Connected | undefined): Promise<void> => {
    if (dropped === undefined) return;
    if (connected === dropped) connected = undefined;
    await disconnect(dropped.consumer);
  };

  /** One at a time: C1. */
  const find = (who: Coordinator): Promise<{ at: Connected; broker: KafkajsBroker }> => {
    const mine = turn.then(async () => {
      connected ??= await connect();
      const at = connected;
      try {
        const name = `${who.kind} ${who.key}`;
        const nodeId = at.nodes.get(name) ?? (await nodeOf(at, who));
        at.nodes.set(name, nodeId);
        return { at, broker: await at.cluster.findBroker({ nodeId }) };
      } catch (error) {
        void drop(at);
        throw error;
      }
    });
    turn = mine.catch(() => undefined);
    return mine;
  };

  return {
    ask: async (who, question) => {
      const { at, broker } = await find(who);
      try {
        return await question(broker);
      } catch (error) {
        if (protocolErrorOf(error) === undefined) void drop(at);
        else at.nodes.delete(`${who.kind} ${who.key}`);
        throw error;
      }
    },
    close: async () => {
      await turn;
      await drop(connected);
    },
  };
}

async function nodeOf({ cluster }: Connected, { kind, key }: Coordinator): Promise<string> {
  const request = { groupId: key, coordinatorType: kind };
  const { coordinator } = await cluster.findGroupCoordinatorMetadata(request);
  return String(coordinator.nodeId);
}

const neverAsked = {
  name: 'none',
  version: 0,
  protocol: () => ({ name: 'none', metadata: Buffer.alloc(0) }),
  assign: async () => [],
};

async function disconnect(consumer: Consumer): Promise<void> {
  try {
    await consumer.disconnect();
  } catch {
    // Its sockets are gone, which is all we want.
  }
}
