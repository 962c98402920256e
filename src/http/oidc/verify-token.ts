/**
 * One token, verified against the issuer's keys (RFC 7519, RFC 8725).
 *
 * V1 Only signatures by asymmetric keys count: a public key is never taken for a shared secret.
 * V2 What cannot be told because of the issuer is ISSUER_UNREACHABLE (503), never a refusal: a 401
 *    makes a Broker dead-letter the event.
 */

import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { AdapterError } from '../../errors.ts';
import type { IssuerKeys, KeySet } from './issuer-keys.ts';

export interface VerifyOptions {
  readonly issuer: string;
  readonly audience: string;
  /** Undefined: every subject; one that ends with `*` stands for all that begin with it. */
  readonly subjects: readonly string[] | undefined;
}

export interface VerifyDeps {
  readonly keys: IssuerKeys;
  /** Ms since 1970. */
  readonly wallClock: () => number;
}

export interface Verified {
  readonly subject: string;
  /** Ms since 1970. */
  readonly expiresAt: number;
}

/** @throws AdapterError TOKEN_REFUSED, SUBJECT_NOT_ALLOWED or ISSUER_UNREACHABLE */
export type VerifyToken = (token: string) => Promise<Verified>;

/** `none` and the symmetric ones are not among them. */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
/** How far the issuer's clock may be from ours. */
const clockToleranceSeconds = 10;

export function createVerifyToken(
  options: VerifyOptions,
  { keys, wallClock }: VerifyDeps,
): VerifyToken {
  const { issuer, audience, subjects } = options;

  const verifyBy = async ({ find }: KeySet, token: string): Promise<JWTPayload> => {
    const { payload } = await jwtVerify(token, find, {
      issuer,
      audience,
      algorithms,
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(wallClock()),
      requiredClaims: ['exp', 'sub'],
    });
    return payload;
  };

  /** A new key, or nothing at all: what it says of itself is looked at before the issuer is asked. */
  const isWorthAsking = (token: string, { kids }: KeySet): boolean => {
    const { iss, aud, exp = 0 } = decodeJwt(token);
    const { kid } = decodeProtectedHeader(token);
    const isOurs = iss === issuer && [aud].flat().includes(audience);
    const isFresh = (exp + clockToleranceSeconds) * 1_000 > wallClock();
    return isOurs && isFresh && (kid === undefined || !kids.has(kid));
  };

  const verify = async (token: string): Promise<JWTPayload> => {
    const known = await keys.current();
    try {
      return await verifyBy(known, token);
    } catch (error) {
      const isUnknown = error instanceof errors.JWKSNoMatchingKey;
      if (!isUnknown || !isWorthAsking(token, known)) throw error;
      return verifyBy(await keys.renew(), token);
    }
  };

  return async (token) => {
    const { sub, exp = 0 } = await verify(token).catch(refuse);
    // jose looks at its type only where a subject is asked for by name.
    if (typeof sub !== 'string' || sub === '') throw refused('its sub is no text');
    if (subjects?.some((allowed) => isSubject(sub, allowed)) === false) {
      throw new AdapterError(
        'SUBJECT_NOT_ALLOWED',
        `the token is of ${JSON.stringify(sub.slice(0, maxTold))}, which OIDC_SUBJECTS does not allow`,
      );
    }
    return { subject: sub, expiresAt: exp * 1_000 };
  };

  function refuse(error: unknown): never {
    if (error instanceof AdapterError) throw error;
    if (error instanceof errors.JWKSInvalid || !(error instanceof errors.JOSEError)) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `the issuer ${issuer} has a key that cannot be used (${reason.slice(0, maxTold)})`;
      throw new AdapterError('ISSUER_UNREACHABLE', message, { retryAfterMs: unusableKeyMs });
    }
    throw refused(whyNot(error));
  }

  function refused(reason: string): AdapterError {
    return new AdapterError(
      'TOKEN_REFUSED',
      `the token is not valid: ${reason}; send one of ${issuer} for ${audience}`,
    );
  }
}

const maxTold = 200;
const unusableKeyMs = 10_000;

const isSubject = (subject: string, allowed: string): boolean =>
  allowed.endsWith('*') ? subject.startsWith(allowed.slice(0, -1)) : subject === allowed;

/** In our own words: jose's may change, and must never repeat the token. */
function whyNot(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.reason === 'missing'
      ? `it has no ${error.claim}`
      : `its ${error.claim} is another, or not yet valid`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  if (error instanceof errors.JWKSNoMatchingKey) return 'the issuer has no such key';
  if (error instanceof errors.JWKSMultipleMatchingKeys) return 'it does not say by which key';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not taken';
  return 'it is no signed JWT';
}
