/**
 * Lets callers in by their token. A verified token is remembered until it expires, so that the
 * requests of a busy sender cost no cryptography but a hash.
 */

import { hash } from 'node:crypto';
import type { AdmitCaller } from '../../delivery/admit-caller.ts';
import type { Log, Now, Schedule } from '../../delivery/ports.ts';
import { AdapterError } from '../../errors.ts';
import { createIssuerKeys, type IssuerOptions } from './issuer-keys.ts';
import { createVerifyToken, type VerifyOptions } from './verify-token.ts';

export interface AdmitCallerDeps {
  readonly now: Now;
  readonly wallClock: () => number;
  readonly schedule: Schedule;
  readonly log: Log;
}

export interface Admission {
  readonly admit: AdmitCaller;
  readonly close: () => void;
}

/** Senders are few: each Trigger has a token, and a new one every hour. */
const maxRemembered = 1_000;
/** Longer ones would be refused among the headers anyway, or cost more than they are worth. */
const maxTokenLength = 8 * 1024;

export function createAdmission(
  options: IssuerOptions & VerifyOptions,
  deps: AdmitCallerDeps,
): Admission {
  const { wallClock } = deps;
  /** By the hash of `Authorization`, which is no secret: until when it is good, in ms since 1970. */
  const admitted = new Map<string, number>();
  const keys = createIssuerKeys(options, { ...deps, withdrawn: () => admitted.clear() });
  const verify = createVerifyToken(options, { keys, wallClock });

  const judge = async (token: string, digest: string): Promise<AdapterError | undefined> => {
    try {
      const { expiresAt } = await verify(token);
      if (admitted.size >= maxRemembered) forgetOldest(admitted);
      admitted.set(digest, expiresAt);
      return undefined;
    } catch (error) {
      return AdapterError.from(error);
    }
  };

  const admit: AdmitCaller = (authorization) => {
    if (authorization === undefined) return tokenMissing(options);
    const digest = hash('sha256', authorization, 'base64');
    const until = admitted.get(digest);
    if (until !== undefined) {
      if (wallClock() < until) return undefined;
      admitted.delete(digest);
    }
    const token = bearerOf(authorization);
    return token === undefined ? tokenMalformed() : judge(token, digest);
  };
  return { admit, close: keys.close };
}

function forgetOldest(admitted: Map<string, number>): void {
  for (const [digest] of admitted) {
    admitted.delete(digest);
    return;
  }
}

/** The scheme's case does not matter (RFC 9110 §11.1). */
function bearerOf(authorization: string): string | undefined {
  if (authorization.length > maxTokenLength) return undefined;
  return /^bearer +([\w.~+/=-]+) *$/i.exec(authorization)?.[1];
}

const tokenMissing = ({ issuer, audience }: VerifyOptions): AdapterError =>
  new AdapterError(
    'TOKEN_REFUSED',
    `the request has no token: send Authorization: Bearer <a token of ${issuer} for ${audience}>`,
  );

const tokenMalformed = (): AdapterError =>
  new AdapterError(
    'TOKEN_REFUSED',
    `the Authorization is no bearer token of at most ${maxTokenLength} characters`,
  );
