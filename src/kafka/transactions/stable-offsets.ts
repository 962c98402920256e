/**
 * Reads where the group stands once nothing is left that could change it: through the consumer's
 * connection to the group's coordinator, which kafkajs hands to partition assigners
 * (patient-cluster.ts).
 */

import type { Cluster } from 'kafkajs';
import type { CommittedOffset } from '../../delivery/committer.ts';
import { decodeOffsetFetch, encodeOffsetFetch, offsetFetch } from './offset-fetch.ts';

export interface StableOffsets {
  /** The cluster of the membership of now. */
  readonly use: (cluster: Cluster) => void;
  /** @throws where the coordinator cannot tell now, or is of before Kafka 2.5 */
  readonly committed: (partition: number) => Promise<CommittedOffset>;
}

export interface StableOffsetsOptions {
  readonly consumerGroup: string;
  readonly inputTopic: string;
}

/** What kafkajs' types leave out of its brokers. */
interface RawBroker {
  readonly versions: Readonly<Record<number, { readonly maxVersion: number }>> | null;
  readonly connectionPool: {
    readonly send: (request: ProtocolRequest) => Promise<CommittedOffset>;
  };
}

/** As kafkajs' own requests are: bytes that pose as one of its encoders. */
interface ProtocolRequest {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    readonly encode: () => Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
  };
  readonly response: {
    readonly decode: (payload: Buffer) => Promise<CommittedOffset>;
    readonly parse: (data: CommittedOffset) => Promise<CommittedOffset>;
  };
}

/** Makes a reader that has no cluster yet. */
export function createStableOffsets(options: StableOffsetsOptions): StableOffsets {
  let current: Cluster | undefined;

  const request = (partition: number): ProtocolRequest => {
    const body = encodeOffsetFetch(options.consumerGroup, options.inputTopic, partition);
    return {
      request: {
        apiKey: offsetFetch.apiKey,
        apiVersion: offsetFetch.version,
        apiName: 'OffsetFetch',
        encode: async () => ({ buf: body, buffer: body }),
      },
      response: {
        decode: async (payload) => decodeOffsetFetch(payload),
        parse: async (data) => data,
      },
    };
  };

  return {
    use: (cluster) => {
      current = cluster;
    },
    committed: async (partition) => {
      if (current === undefined) throw new Error('there is no member to ask for the offsets');
      const found = await current.findGroupCoordinator({ groupId: options.consumerGroup });
      // What is found there may be a stand-in that has only the consumer's own calls.
      const { nodeId } = found as unknown as { readonly nodeId: string };
      const broker = (await current.findBroker({ nodeId })) as unknown as RawBroker;
      const known = broker.versions?.[offsetFetch.apiKey]?.maxVersion ?? 0;
      if (known < offsetFetch.version) {
        throw Object.assign(new Error('brokers before Kafka 2.5 do not tell stable offsets'), {
          type: 'UNSUPPORTED_VERSION',
        });
      }
      return broker.connectionPool.send(request(partition));
    },
  };
}
