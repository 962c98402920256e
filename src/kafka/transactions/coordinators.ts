/**
 * The brokers that coordinate the group and its transactional ids, on connections of our own.
 *
 * C1 Not the consumer's: kafkajs confuses a connection that several callers make or break at once,
 *    and when a broker goes all partitions ask at once. A consumer that never joins lends its cluster
 *    (docs/decisions/0006), whose connections are made by one caller at a time.
 * C2 After a failure that no broker has told, the cluster is thrown away; after one that a broker
 *    has told, who coordinates is asked anew.
 * C3 Whatever becomes of kafkajs, nobody waits for ever: all partitions wait in one row.
 */

import type { Cluster, Consumer, Kafka } from 'kafkajs';
import type { Schedule } from '../../delivery/ports.ts';
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

export interface CoordinatorsDeps {
  readonly kafka: Kafka;
  readonly schedule: Schedule;
}

/** Longer than KAFKA_REQUEST_TIMEOUT_MS should be anywhere: Azure Event Hubs asks for 60 s. */
const giveUpMs = 90_000;

/** Nothing is connected before the first question. */
export function createCoordinators(
  { consumerGroup, inputTopic }: CoordinatorsOptions,
  { kafka, schedule }: CoordinatorsDeps,
): Coordinators {
  let closed = false;
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

  const inTime = <Result>(work: Promise<Result>): Promise<Result> =>
    new Promise((resolve, reject) => {
      const callOff = schedule(giveUpMs, () =>
        reject(new Error(`the brokers that coordinate did not answer within ${giveUpMs} ms`)),
      );
      work.then(resolve, reject).finally(callOff);
    });

  const drop = async (dropped: Connected | undefined): Promise<void> => {
    if (dropped === undefined) return;
    if (connected === dropped) connected = undefined;
    await disconnect(dropped.consumer);
  };

  /** One at a time: C1. */
  const find = (who: Coordinator): Promise<{ at: Connected; broker: KafkajsBroker }> => {
    const mine = turn.then(async () => {
      if (closed) throw new Error('nobody is to be asked any more');
      connected ??= await inTime(connect());
      const at = connected;
      try {
        return { at, broker: await inTime(brokerOf(at, who)) };
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
        return await inTime(question(broker));
      } catch (error) {
        if (protocolErrorOf(error) === undefined) void drop(at);
        else at.nodes.delete(nameOf(who));
        throw error;
      }
    },
    close: async () => {
      closed = true;
      await turn;
      await drop(connected);
    },
  };
}

const nameOf = ({ kind, key }: Coordinator): string => `${kind} ${key}`;

async function brokerOf(at: Connected, who: Coordinator): Promise<KafkajsBroker> {
  const request = { groupId: who.key, coordinatorType: who.kind };
  let nodeId = at.nodes.get(nameOf(who));
  if (nodeId === undefined) {
    const { coordinator } = await at.cluster.findGroupCoordinatorMetadata(request);
    nodeId = String(coordinator.nodeId);
    at.nodes.set(nameOf(who), nodeId);
  }
  return at.cluster.findBroker({ nodeId });
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
