/** SASL credentials as they are now. */

import { parseExtensions } from './oauth-extensions.ts';
import type { KafkaSecurityOptions, LoginSources, OauthSources } from './options.ts';
import type { Login } from './sasl-login.ts';
import { CredentialError, readSource, type Source } from './source.ts';
import type { TokenClient } from './token-request.ts';

/** @throws CredentialError */
export const readLogin = ({ username, password }: LoginSources): Login => ({
  username: readSource(username),
  password: readSource(password),
});

export interface OauthCredentials {
  readonly client: TokenClient;
  readonly extensions: ReadonlyMap<string, string>;
}

/** @throws CredentialError */
export const readOauth = (sources: OauthSources): OauthCredentials => ({
  client: {
    tokenUrl: readTokenUrl(sources.tokenUrl),
    clientId: readSource(sources.clientId),
    clientSecret: readSource(sources.clientSecret),
    scope: (sources.scope && readSource(sources.scope)) || undefined,
  },
  extensions: readExtensions(sources.extensions),
});

/** @throws CredentialError */
export function readTokenUrl(source: Source): URL {
  const text = readSource(source);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username + url.password !== '') {
    throw new CredentialError(
      `${source.setting}: expected an https:// (or http://) URL without user and password`,
    );
  }
  return url;
}

/** @throws CredentialError */
export const readExtensions = (source: Source | undefined): ReadonlyMap<string, string> =>
  source === undefined ? new Map() : parseExtensions(readSource(source), source.setting);

/** Everything that is shown to brokers and to the token endpoint, to compare: it changes when they do. */
export const fingerprintOf = ({ tls, sasl }: KafkaSecurityOptions): string =>
  JSON.stringify([...sourcesOf(tls), ...sourcesOf(sasl)].map(readable));

/** The sources among the members of a group of options. */
export const sourcesOf = (group: object | undefined): Source[] =>
  Object.values(group ?? {}).filter((member) => typeof member === 'object' && member !== null);

function readable(source: Source): string {
  try {
    return readSource(source);
  } catch (error) {
    return String(error);
  }
}

/** Who we say we are, for the log: never what proves it. */
export function userOf({ tls, sasl }: KafkaSecurityOptions): object {
  const protocol = `${sasl === undefined ? '' : 'SASL_'}${tls === undefined ? 'PLAINTEXT' : 'SSL'}`;
  if (sasl === undefined) return { protocol, certificate: tls?.cert?.file ?? tls?.cert?.setting };
  const user = sasl.mechanism === 'OAUTHBEARER' ? sasl.clientId : sasl.username;
  return { protocol, mechanism: sasl.mechanism, user: readable(user) };
}
