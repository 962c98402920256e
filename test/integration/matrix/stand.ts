/** What the cells of one line of the matrix share: a predictor, and an adapter with every way in. */

import type { RunningAdapter } from '../../../src/commands/start-adapter.ts';
import type { ProtocolName } from '../../../src/inference/protocol.ts';
import { get } from '../../support/adapter.ts';
import { type CallGrpc, createGrpcClient } from '../../support/grpc-client.ts';
import { createKafkaCase, eventually, type KafkaCase } from '../../support/kafka-case.ts';
import type { Transport } from './payloads.ts';
import { createStandIn, type StandIn } from './stand-in.ts';

export interface Stand {
  readonly protocol: ProtocolName;
  /** How the predictor is called. */
  readonly transport: Transport;
  readonly predictor: StandIn;
  readonly adapter: RunningAdapter;
  readonly kafka: KafkaCase;
  readonly callGrpc: CallGrpc;
  readonly untilReady: (ready: boolean) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Attempts at a record that fails, before it is diverted. */
export const maxAttempts = 2;

export async function openStand(
  protocol: ProtocolName,
  transport: Transport,
  brokers: readonly string[],
): Promise<Stand> {
  const predictor = createStandIn(transport);
  await predictor.start();
  const kafka = await createKafkaCase({ brokers, partitions: 1 });
  const adapter = await kafka.start({
    SELDON_PROTOCOL: protocol,
    MODEL_NAME: 'iris',
    PREDICTOR_URL: predictor.url,
    GRPC_PORT: '0',
    REQUEST_TIMEOUT_MS: '1500',
    // No record waits for another one's answer.
    KAFKA_ORDER: 'none',
    KAFKA_MAX_ATTEMPTS: String(maxAttempts),
  });
  const client = createGrpcClient(adapter.grpcPort ?? 0);
  return {
    protocol,
    transport,
    predictor,
    adapter,
    kafka,
    callGrpc: client.call,
    untilReady: (ready) =>
      eventually(`readiness is ${ready}`, async () => {
        const { status } = await get(`${adapter.url}/readyz`);
        return (status === 200) === ready;
      }),
    close: async () => {
      client.close();
      // The predictor goes first: what hangs in it must not hold up the drain.
      predictor.stop();
      await kafka.close();
    },
  };
}
