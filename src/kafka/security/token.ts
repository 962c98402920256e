/**
 * Access tokens: one at a time, kept while they last.
 *
 * O1 However many connections ask, one request is under way.
 * O2 A token is renewed before it ends; while a renewal fails, the old one is used to its end.
 * O3 What a client without an answer does is not decided here: refusals.ts spaces its attempts.
 */

import type { Now } from '../../delivery/ports.ts';
import { RefusedError } from './sasl-exchange.ts';
import { type ClientStyle, requestToken, type Token, type TokenClient } from './token-request.ts';

export interface TokenStore {
  /** @throws RefusedError where there is none to be had */
  readonly get: (client: TokenClient) => Promise<string>;
  /** A broker refused this one: the next is a fresh one. */
  readonly discard: (value: string) => void;
}

interface Kept {
  readonly key: string;
  readonly value: string;
  readonly renewAtMs: number;
  readonly endsAtMs: number;
}

/**
 * How long before its end a token is renewed. A connection authenticates anew within 10 s of the end
 * of its token (kafkajs): one that had no more left would do so with every request.
 */
const renewBeforeMs = (lifetimeMs: number): number =>
  Math.min(60_000, Math.max(20_000, lifetimeMs / 2));

/** Starts without a token. */
export function createTokenStore({ now }: { readonly now: Now }): TokenStore {
  let kept: Kept | undefined;
  let pending: { readonly key: string; readonly token: Promise<Token> } | undefined;
  let style: ClientStyle = 'basic';

  const request = async (client: TokenClient): Promise<Token> => {
    const first = await requestToken(client, style);
    if (first.kind === 'token') return first.token;
    const other = style === 'basic' ? 'form' : 'basic';
    const second = await requestToken(client, other);
    if (second.kind !== 'token') throw new RefusedError(first.reason);
    style = other;
    return second.token;
  };

  const renew = async (client: TokenClient, key: string): Promise<string> => {
    if (pending?.key !== key) {
      const started = { key, token: request(client) };
      pending = started;
      const done = (): void => {
        if (pending === started) pending = undefined;
      };
      started.token.then(done, done);
    }
    const { value, lifetimeMs } = await pending.token;
    const endsAtMs = now() + lifetimeMs;
    kept = { key, value, endsAtMs, renewAtMs: endsAtMs - renewBeforeMs(lifetimeMs) };
    return value;
  };

  return {
    get: async (client) => {
      const key = keyOf(client);
      const had = kept?.key === key ? kept : undefined;
      if (had !== undefined && now() < had.renewAtMs) return had.value;
      try {
        return await renew(client, key);
      } catch (error) {
        if (had !== undefined && kept === had && now() < had.endsAtMs) return had.value;
        throw error;
      }
    },
    discard: (value) => {
      if (kept?.value === value) kept = undefined;
    },
  };
}

const keyOf = ({ tokenUrl, clientId, clientSecret, scope }: TokenClient): string =>
  JSON.stringify([tokenUrl.href, clientId, clientSecret, scope]);
