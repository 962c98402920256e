/** SASL authentication of each new connection, with the credentials as they are then. */

import kafkajs, { type Mechanism } from 'kafkajs';
import { readLogin, readOauth } from './credentials.ts';
import type { LoginSources, OauthSources } from './options.ts';
import type { Refusals } from './refusals.ts';
import { type Exchange, exchangeThrough, RefusedError } from './sasl-exchange.ts';
import { logIn } from './sasl-login.ts';
import { showToken } from './sasl-oauthbearer.ts';
import { CredentialError } from './source.ts';
import type { TokenStore } from './token.ts';

// Node sees no named exports among kafkajs' errors.
const { KafkaJSConnectionError } = kafkajs;

export interface AuthenticateDeps {
  readonly refusals: Refusals;
  readonly tokens: TokenStore;
}

/**
 * What kafkajs takes as `sasl`. A refusal is thrown as a connection error: kafkajs then opens a new
 * connection for the next attempt, and would otherwise go on with one that the broker has given up.
 */
export function createMechanism(
  sources: LoginSources | OauthSources,
  { refusals, tokens }: AuthenticateDeps,
): Mechanism {
  const authenticate = async (exchange: Exchange): Promise<void> => {
    if (sources.mechanism !== 'OAUTHBEARER') {
      await logIn(sources.mechanism, readLogin(sources), exchange);
      return;
    }
    const { client, extensions } = readOauth(sources);
    const token = await tokens.get(client);
    try {
      await showToken(token, extensions, exchange);
    } catch (error) {
      if (error instanceof RefusedError) tokens.discard(token);
      throw error;
    }
  };
  return {
    mechanism: sources.mechanism,
    authenticationProvider: ({ host, port, saslAuthenticate }) => ({
      authenticate: async () => {
        const broker = `${host}:${port}`;
        const standing = refusals.standing(broker);
        if (standing !== undefined) throw new KafkaJSConnectionError(standing, { broker });
        try {
          await authenticate(exchangeThrough(saslAuthenticate));
        } catch (error) {
          if (!(error instanceof RefusedError || error instanceof CredentialError)) throw error;
          refusals.refused(broker, error.message);
          throw new KafkaJSConnectionError(
            `SASL ${sources.mechanism} at ${broker}: ${error.message}`,
            { broker },
          );
        }
        refusals.taken(broker);
      },
    }),
  };
}
