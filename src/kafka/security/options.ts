/** What the security of a Kafka client is made from. */

import type { Source } from './source.ts';

export interface TlsSources {
  /** Undefined: the public authorities that Node knows. */
  readonly ca?: Source | undefined;
  readonly cert?: Source | undefined;
  readonly key?: Source | undefined;
  readonly keyPass?: Source | undefined;
}

export interface LoginSources {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  readonly username: Source;
  readonly password: Source;
}

export interface OauthSources {
  readonly mechanism: 'OAUTHBEARER';
  readonly tokenUrl: Source;
  readonly clientId: Source;
  readonly clientSecret: Source;
  readonly scope?: Source | undefined;
  readonly extensions?: Source | undefined;
}

export interface KafkaSecurityOptions {
  /** Undefined: connections are not encrypted. */
  readonly tls?: TlsSources | undefined;
  /** Undefined: brokers are shown no SASL credentials. */
  readonly sasl?: LoginSources | OauthSources | undefined;
}
