/**
 * The SASL mechanisms with a user and a password: PLAIN (RFC 4616) and SCRAM (RFC 5802, 7677).
 * They are ours, and not kafkajs', so that a password is read at each authentication.
 */

import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { LoginSources } from './options.ts';
import { type Exchange, RefusedError } from './sasl-exchange.ts';

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** @throws RefusedError where the broker does not take them */
export async function logIn(
  mechanism: LoginSources['mechanism'],
  login: Login,
  exchange: Exchange,
): Promise<void> {
  if (mechanism === 'PLAIN') await exchange(`\0${login.username}\0${login.password}`);
  else await scram(mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512', login, exchange);
}

type Digest = 'sha256' | 'sha512';

const derive = promisify(pbkdf2);
const digestBytes = { sha256: 32, sha512: 64 };
/** RFC 7677; the upper bound keeps a hostile broker from holding a thread for minutes. */
const iterationLimits = { min: 4_096, max: 1_000_000 };

async function scram(digest: Digest, login: Login, exchange: Exchange): Promise<void> {
  const nonce = randomBytes(24).toString('base64url');
  const name = login.username.replaceAll('=', '=3D').replaceAll(',', '=2C');
  const clientFirst = `n=${name},r=${nonce}`;
  const serverFirst = await exchange(`n,,${clientFirst}`);
  const { r: serverNonce = '', s: salt = '', i: count } = attributesOf(serverFirst);
  const iterations = Number(count);
  if (!serverNonce.startsWith(nonce) || serverNonce === nonce) {
    throw new RefusedError('the broker did not continue our SCRAM nonce');
  }
  if (!(iterations >= iterationLimits.min && iterations <= iterationLimits.max)) {
    throw new RefusedError(`the broker asks for ${iterations} SCRAM iterations`);
  }
  const salted = await derive(
    login.password.normalize('NFKC'),
    Buffer.from(salt, 'base64'),
    iterations,
    digestBytes[digest],
    digest,
  );
  const hmac = (key: Buffer, text: string): Buffer => createHmac(digest, key).update(text).digest();
  const clientFinal = `c=biws,r=${serverNonce}`;
  const conversation = `${clientFirst},${serverFirst},${clientFinal}`;
  const clientKey = hmac(salted, 'Client Key');
  const signature = hmac(createHash(digest).update(clientKey).digest(), conversation);
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] ?? 0)));
  const serverFinal = await exchange(`${clientFinal},p=${proof.toString('base64')}`);
  const { v: verifier = '', e: failure } = attributesOf(serverFinal);
  if (failure !== undefined) throw new RefusedError(failure);
  const expected = hmac(hmac(salted, 'Server Key'), conversation);
  const shown = Buffer.from(verifier, 'base64');
  if (shown.length !== expected.length || !timingSafeEqual(shown, expected)) {
    throw new RefusedError('the broker does not know the password itself: it may be an impostor');
  }
}

/** `r=…,s=…,i=…` by letter. */
const attributesOf = (message: string): Readonly<Record<string, string>> =>
  Object.fromEntries(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
