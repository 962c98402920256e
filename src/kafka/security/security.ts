/**
 * The security of a Kafka client.
 *
 * S1 Files are read again for every new connection: nobody needs to restart anything.
 * S2 What is refused is told, with user, mechanism and broker, and not tried again in a hot loop.
 * S3 A server name is sent, certificates and the names in them are checked; none of it can be
 *    switched off.
 */

import type { KafkaConfig } from 'kafkajs';
import type { Log, Now, Random } from '../../delivery/ports.ts';
import { createMechanism } from './authenticate.ts';
import { fingerprintOf, userOf } from './credentials.ts';
import type { KafkaSecurityOptions } from './options.ts';
import { createRefusals } from './refusals.ts';
import { createSocketFactory } from './socket-factory.ts';
import { createTlsContext } from './tls-context.ts';
import { createTokenStore } from './token.ts';

export interface KafkaSecurityDeps {
  readonly now: Now;
  readonly wallClock: () => number;
  readonly random: Random;
  readonly log: Log;
}

export interface KafkaSecurity {
  /** For kafkajs. */
  readonly clientConfig: Pick<KafkaConfig, 'ssl' | 'sasl' | 'socketFactory'>;
  /** Whether one of the brokers (`host:port`) may be asked: false while all have refused us. */
  readonly mayConnect: (brokers: readonly string[]) => boolean;
}

/** Nothing is read until the first connection. */
export function createKafkaSecurity(
  options: KafkaSecurityOptions,
  deps: KafkaSecurityDeps,
): KafkaSecurity {
  const { tls, sasl } = options;
  if (tls === undefined && sasl === undefined) {
    return { clientConfig: {}, mayConnect: () => true };
  }
  const refusals = createRefusals({
    ...deps,
    fingerprint: () => fingerprintOf(options),
    shown: () => userOf(options),
  });
  const socketFactory = createSocketFactory(
    {
      secureContext: tls && createTlsContext(tls, deps),
      hasSasl: sasl !== undefined,
      hasCertificate: tls?.cert !== undefined,
    },
    refusals,
  );
  const tokens = createTokenStore(deps);
  return {
    clientConfig: {
      ssl: tls !== undefined,
      socketFactory,
      ...(sasl !== undefined && { sasl: createMechanism(sasl, { refusals, tokens }) }),
    },
    mayConnect: (brokers) => brokers.some((broker) => refusals.standing(broker) === undefined),
  };
}
