/**
 * The public keys of an OpenID Connect issuer, found by discovery and kept.
 *
 * K1 While the issuer cannot be reached, or answers rubbish, the keys that are known stay in use.
 * K2 The issuer is asked by one request at a time, and no more often than every few seconds, whatever
 *    callers send.
 * K3 A document that names another issuer is not taken (OpenID Connect Discovery 1.0 §4.3), nor are
 *    keys over plain HTTP from an issuer over HTTPS.
 */

import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import type { Log, Now, Schedule } from '../../delivery/ports.ts';
import { AdapterError } from '../../errors.ts';
import { unreadableFile } from '../../unreadable-file.ts';
import { getJson } from './get-json.ts';

export interface IssuerOptions {
  /** As it stands in `iss`. */
  readonly issuer: string;
  readonly caFile: string | undefined;
  readonly tokenFile: string | undefined;
}

export interface IssuerDeps {
  readonly now: Now;
  readonly schedule: Schedule;
  readonly log: Log;
  /** Keys are gone: what was verified by them counts no more. */
  readonly withdrawn: () => void;
}

export interface KeySet {
  /** Finds the key of a token, for jose. */
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly kids: ReadonlySet<string>;
}

export interface IssuerKeys {
  /** Those that are known; the issuer is asked where there are none. @throws ISSUER_UNREACHABLE */
  readonly current: () => KeySet | Promise<KeySet>;
  /**
   * Asks the issuer again, for a token whose key is not known.
   * @throws ISSUER_UNREACHABLE where it cannot be asked, or was a moment ago
   */
  readonly renew: () => Promise<KeySet>;
  readonly close: () => void;
}

const requestTimeoutMs = 5_000;
const maxBytes = 1024 * 1024;
/** Between two looks for a key that is not known. */
const renewMs = 10_000;
/** After one that failed. */
const retryMs = 1_000;
/** Keys that are withdrawn are noticed within. */
const refreshMs = 300_000;

/** Begins to look at once; nothing waits for it before a token comes. */
export function createIssuerKeys(options: IssuerOptions, deps: IssuerDeps): IssuerKeys {
  const { issuer } = options;
  const { now, log } = deps;
  let keys: KeySet | undefined;
  let pending: Promise<KeySet> | undefined;
  let notBefore = 0;
  let reason = '';
  let callOff = (): void => undefined;

  const unreachable = (): AdapterError =>
    new AdapterError(
      'ISSUER_UNREACHABLE',
      reason === ''
        ? `the key of this token is not known; the issuer ${issuer} is asked for its keys again in a moment: send the request again`
        : `the issuer ${issuer} cannot be asked for its keys (${reason}); send the request again later`,
      { retryAfterMs: Math.max(1_000, notBefore - now()) },
    );

  const look = async (): Promise<KeySet> => {
    try {
      const found = await fetchKeys(options);
      const isGone = [...(keys?.kids ?? [])].some((kid) => !found.kids.has(kid));
      if (keys === undefined || reason !== '')
        log.info({ issuer }, 'the keys of the issuer are known');
      keys = found;
      reason = '';
      notBefore = now() + renewMs;
      if (isGone) deps.withdrawn();
      return found;
    } catch (error) {
      const told = error instanceof Error ? error.message : String(error);
      const next = keys === undefined ? 'callers are told 503' : 'the keys that are known stay';
      if (told !== reason)
        log.warn({ issuer, reason: told }, `the issuer cannot be asked: ${next}`);
      reason = told;
      notBefore = now() + retryMs;
      throw unreachable();
    } finally {
      pending = undefined;
    }
  };
  const lookOnce = (): Promise<KeySet> => {
    pending ??= look();
    return pending;
  };
  const ask = async (): Promise<KeySet> => {
    if (pending === undefined && now() < notBefore) throw unreachable();
    return lookOnce();
  };
  const lookForItself = (): void => {
    lookOnce().catch(() => undefined);
    callOff = deps.schedule(refreshMs, lookForItself);
  };
  lookForItself();

  return {
    current: () => keys ?? ask(),
    renew: ask,
    close: () => callOff(),
  };
}

async function fetchKeys({ issuer, caFile, tokenFile }: IssuerOptions): Promise<KeySet> {
  const ca = caFile === undefined ? undefined : await read('OIDC_CA_FILE', caFile);
  const bearer =
    tokenFile === undefined ? undefined : (await read('OIDC_TOKEN_FILE', tokenFile)).trim();
  const request = { timeoutMs: requestTimeoutMs, maxBytes, ca, bearer };
  const place = new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const found = await getJson(place, request).catch(at(place));
  const { issuer: named, jwks_uri: jwksUri } = (found ?? {}) as Readonly<Record<string, unknown>>;
  if (named !== issuer) {
    throw new Error(`${place} is of another issuer, ${told(named)}: OIDC_ISSUER must be the same`);
  }
  if (typeof jwksUri !== 'string' || !URL.canParse(jwksUri)) {
    throw new Error(`${place} has no jwks_uri`);
  }
  const jwks = new URL(jwksUri);
  const isOpen = jwks.protocol === 'http:' && place.protocol === 'http:';
  if (jwks.protocol !== 'https:' && !isOpen) {
    throw new Error(`${place} has its keys at ${jwks.origin}, which is not https`);
  }
  return keySetOf(await getJson(jwks, request).catch(at(jwks)), jwks);
}

function keySetOf(document: unknown, place: URL): KeySet {
  try {
    const jwks = document as JSONWebKeySet;
    const find = createLocalJWKSet(jwks);
    if (jwks.keys.length === 0) throw new Error('there are none');
    return { find, kids: new Set(jwks.keys.flatMap(({ kid }) => kid ?? [])) };
  } catch (error) {
    throw new Error(`${place} has no usable keys (${(error as Error).message})`);
  }
}

const told = (issuer: unknown): string =>
  typeof issuer === 'string' ? JSON.stringify(issuer.slice(0, 200)) : 'which it does not name';

const at = (place: URL) => (error: Error) => {
  throw new Error(`${place}: ${error.message}`);
};

async function read(setting: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(unreadableFile(setting, file, error));
  }
}
