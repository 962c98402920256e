/**
 * A real broker with a listener for each way to authenticate, in one process. Its plaintext listener
 * stays, for what a test itself writes and reads.
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { findFreePort } from '../../src/demo/free-port.ts';
import { type KafkaBroker, startKafkaBroker } from '../../src/demo/kafka-broker.ts';
import { brokerOptions, kafkaMissing } from './broker.ts';
import { type Authority, type Certificate, createAuthority } from './certificates.ts';
import { type OidcServer, startOidcServer } from './oidc-server.ts';

const listenerNames = ['TLS', 'MTLS', 'PLAIN', 'SCRAM', 'OAUTH', 'STRANGER'] as const;
export type ListenerName = (typeof listenerNames)[number];

/** Known to PLAIN and SCRAM. */
export const user = { name: 'alice', password: 'the-password-of-alice' };
export const passphrase = 'opens the key';

export interface SecureBroker {
  readonly missing: boolean;
  /** Of the plaintext listener. */
  readonly brokers: string[];
  /** `host:port` of a listener. STRANGER's certificate is for another host. */
  readonly at: (listener: ListenerName) => string;
  readonly authority: Authority;
  readonly client: Certificate;
  readonly oidc: OidcServer;
  /** Writes a file of the test file's own folder; @returns its path */
  readonly file: (name: string, text: string) => Promise<string>;
  /** The broker's own log. */
  readonly log: () => Promise<string>;
  /** Breaks all connections. */
  readonly restart: () => Promise<void>;
}

interface Started {
  readonly broker: KafkaBroker;
  readonly dir: string;
  readonly ports: Readonly<Record<ListenerName, number>>;
  readonly authority: Authority;
  readonly client: Certificate;
  readonly oidc: OidcServer;
}

/** One broker for the tests of this file: started in beforeAll, closed in afterAll. */
export async function useSecureBroker(): Promise<SecureBroker> {
  const missing = await kafkaMissing();
  let started: Started | undefined;
  beforeAll(async () => {
    if (!missing) started = await start();
  });
  afterAll(async () => {
    if (started === undefined) return;
    await started.broker.close();
    await started.oidc.close();
    await rm(started.dir, { recursive: true, force: true });
  });
  const here = (): Started => {
    if (started === undefined) throw new Error('the broker is there only within tests and hooks');
    return started;
  };
  return {
    missing,
    get brokers() {
      return here().broker.brokers;
    },
    at: (listener) => `${hostOf(listener)}:${here().ports[listener]}`,
    get authority() {
      return here().authority;
    },
    get client() {
      return here().client;
    },
    get oidc() {
      return here().oidc;
    },
    file: async (name, text) => {
      const path = join(here().dir, name);
      await writeFile(path, text);
      return path;
    },
    log: () => readFile(join(here().broker.dir, 'broker.log'), 'utf8'),
    restart: async () => {
      await here().broker.kill();
      await here().broker.start();
    },
  };
}

/** Some are asked for by name, so that the server name is seen to be sent and checked. */
const hostOf = (listener: ListenerName): string =>
  listener === 'TLS' || listener === 'SCRAM' ? 'localhost' : '127.0.0.1';

async function start(): Promise<Started> {
  const authority = createAuthority('test authority');
  const server = authority.issue({ name: 'broker', hosts: ['localhost', '127.0.0.1'] });
  const stranger = authority.issue({ name: 'stranger', hosts: ['elsewhere.example'] });
  const client = authority.issue({ name: 'iris-client' });
  const oidc = await startOidcServer();
  const entries = await Promise.all(
    listenerNames.map(async (name) => [name, await findFreePort()] as const),
  );
  const ports = Object.fromEntries(entries) as Started['ports'];
  const dir = await mkdtemp(join(tmpdir(), 'seldon-eventing-secure-'));
  const broker = await startKafkaBroker({
    ...brokerOptions,
    jvmOptions: [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${oidc.jwksUrl}`],
    formatOptions: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${user.name},password=${user.password}]`,
    ]),
    properties: {
      listeners: entries.map(([name, port]) => `${name}://127.0.0.1:${port}`).join(','),
      'advertised.listeners': entries
        .map(([name, port]) => `${name}://${hostOf(name)}:${port}`)
        .join(','),
      'listener.security.protocol.map':
        'TLS:SSL,MTLS:SSL,PLAIN:SASL_SSL,SCRAM:SASL_SSL,OAUTH:SASL_SSL,STRANGER:SSL',
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.key': server.keyPem,
      'ssl.keystore.certificate.chain': server.certPem,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.certificates': authority.certPem,
      'listener.name.mtls.ssl.client.auth': 'required',
      'listener.name.stranger.ssl.keystore.type': 'PEM',
      'listener.name.stranger.ssl.keystore.key': stranger.keyPem,
      'listener.name.stranger.ssl.keystore.certificate.chain': stranger.certPem,
      ...saslProperties(oidc),
    },
  });
  return { broker, dir, ports, authority, client, oidc };
}

const security = 'org.apache.kafka.common.security';

const saslProperties = (oidc: OidcServer): Record<string, string> => ({
  'listener.name.plain.sasl.enabled.mechanisms': 'PLAIN',
  'listener.name.plain.plain.sasl.jaas.config': `${security}.plain.PlainLoginModule required user_${user.name}="${user.password}";`,
  'listener.name.scram.sasl.enabled.mechanisms': 'SCRAM-SHA-256,SCRAM-SHA-512',
  'listener.name.scram.scram-sha-256.sasl.jaas.config': `${security}.scram.ScramLoginModule required;`,
  'listener.name.scram.scram-sha-512.sasl.jaas.config': `${security}.scram.ScramLoginModule required;`,
  // Sessions end with their tokens (KIP-368).
  'listener.name.oauth.connections.max.reauth.ms': '3600000',
  'listener.name.oauth.sasl.enabled.mechanisms': 'OAUTHBEARER',
  'listener.name.oauth.oauthbearer.sasl.jaas.config': `${security}.oauthbearer.OAuthBearerLoginModule required;`,
  'listener.name.oauth.oauthbearer.sasl.server.callback.handler.class': `${security}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
  'listener.name.oauth.oauthbearer.sasl.oauthbearer.jwks.endpoint.url': oidc.jwksUrl,
  'listener.name.oauth.oauthbearer.sasl.oauthbearer.expected.audience': 'kafka',
  'listener.name.oauth.oauthbearer.sasl.oauthbearer.expected.issuer': oidc.issuer,
});
