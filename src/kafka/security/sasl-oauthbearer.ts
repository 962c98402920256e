/** SASL OAUTHBEARER (RFC 7628). */

import { type Exchange, RefusedError } from './sasl-exchange.ts';

const separator = '\u0001';

/**
 * Shows a token. A broker that refuses it answers with a challenge, not with an error, and tells
 * why only when that is acknowledged; kafkajs' own OAUTHBEARER takes the challenge for a success.
 *
 * @throws RefusedError where the broker does not take the token
 */
export async function showToken(
  token: string,
  extensions: ReadonlyMap<string, string>,
  exchange: Exchange,
): Promise<void> {
  const pairs = [['auth', `Bearer ${token}`], ...extensions].map(
    ([name, value]) => `${name}=${value}${separator}`,
  );
  const challenge = await exchange(`n,,${separator}${pairs.join('')}${separator}`);
  if (challenge === '') return;
  await exchange(separator);
  throw new RefusedError(`the token was refused: ${statusOf(challenge)}`);
}

function statusOf(challenge: string): string {
  try {
    const { status } = JSON.parse(challenge) as { status?: unknown };
    return typeof status === 'string' ? status : 'no status was given';
  } catch {
    return 'the broker gave no reason';
  }
}
