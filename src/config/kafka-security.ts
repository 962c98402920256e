/** How brokers are talked to: TLS and SASL, by Seldon's names. */

import { saslMechanisms, securityProtocols } from '../delivery/kafka-security.ts';
import { oneOf, type SettingGroup, text, type ValuesOf } from './setting.ts';

const file = (what: string) =>
  `File with ${what}. It is read again for every new connection, so a changed one needs no restart.`;

export const kafkaSecuritySettings = {
  securityProtocol: {
    env: 'KAFKA_SECURITY_PROTOCOL',
    schema: oneOf(securityProtocols),
    fallback: 'PLAINTEXT',
    doc: 'How brokers are talked to. See docs/kafka-security.md for examples.',
  },
  sslCaCert: {
    env: 'KAFKA_SSL_CA_CERT',
    schema: text,
    doc: 'Certificates of the authorities that brokers are trusted by, PEM.',
    fallbackText: "Node's public authorities",
  },
  sslCaCertFile: { env: 'KAFKA_SSL_CA_CERT_FILE', schema: text, doc: file('KAFKA_SSL_CA_CERT') },
  sslClientCert: {
    env: 'KAFKA_SSL_CLIENT_CERT',
    schema: text,
    doc: 'Certificate shown to brokers (mTLS), and its chain, PEM.',
  },
  sslClientCertFile: {
    env: 'KAFKA_SSL_CLIENT_CERT_FILE',
    schema: text,
    doc: file('KAFKA_SSL_CLIENT_CERT'),
  },
  sslClientKey: {
    env: 'KAFKA_SSL_CLIENT_KEY',
    schema: text,
    doc: 'Private key of KAFKA_SSL_CLIENT_CERT, PEM, encrypted or not.',
  },
  sslClientKeyFile: {
    env: 'KAFKA_SSL_CLIENT_KEY_FILE',
    schema: text,
    doc: file('KAFKA_SSL_CLIENT_KEY'),
  },
  sslClientKeyPass: {
    env: 'KAFKA_SSL_CLIENT_KEY_PASS',
    schema: text,
    doc: 'Passphrase of an encrypted KAFKA_SSL_CLIENT_KEY.',
  },
  sslClientKeyPassFile: {
    env: 'KAFKA_SSL_CLIENT_KEY_PASS_FILE',
    schema: text,
    doc: file('KAFKA_SSL_CLIENT_KEY_PASS'),
  },
  saslMechanism: {
    env: 'KAFKA_SASL_MECHANISM',
    schema: oneOf(saslMechanisms),
    doc: 'How we authenticate with SASL_PLAINTEXT and SASL_SSL.',
  },
  saslUsername: {
    env: 'KAFKA_SASL_USERNAME',
    schema: text,
    doc: 'User of PLAIN and SCRAM. For Azure Event Hubs the very word `$ConnectionString`.',
  },
  saslUsernameFile: {
    env: 'KAFKA_SASL_USERNAME_FILE',
    schema: text,
    doc: file('KAFKA_SASL_USERNAME'),
  },
  saslPassword: {
    env: 'KAFKA_SASL_PASSWORD',
    schema: text,
    doc: 'Password of KAFKA_SASL_USERNAME.',
  },
  saslPasswordFile: {
    env: 'KAFKA_SASL_PASSWORD_FILE',
    schema: text,
    doc: file('KAFKA_SASL_PASSWORD'),
  },
  oauthTokenUrl: {
    env: 'KAFKA_SASL_OAUTH_TOKEN_URL',
    schema: text,
    doc: 'Token endpoint that OAUTHBEARER gets its tokens from (client credentials).',
  },
  oauthTokenUrlFile: {
    env: 'KAFKA_SASL_OAUTH_TOKEN_URL_FILE',
    schema: text,
    doc: file('KAFKA_SASL_OAUTH_TOKEN_URL'),
  },
  oauthClientId: {
    env: 'KAFKA_SASL_OAUTH_CLIENT_ID',
    schema: text,
    doc: 'Client id at the token endpoint.',
  },
  oauthClientIdFile: {
    env: 'KAFKA_SASL_OAUTH_CLIENT_ID_FILE',
    schema: text,
    doc: file('KAFKA_SASL_OAUTH_CLIENT_ID'),
  },
  oauthClientSecret: {
    env: 'KAFKA_SASL_OAUTH_CLIENT_SECRET',
    schema: text,
    doc: 'Secret of KAFKA_SASL_OAUTH_CLIENT_ID.',
  },
  oauthClientSecretFile: {
    env: 'KAFKA_SASL_OAUTH_CLIENT_SECRET_FILE',
    schema: text,
    doc: file('KAFKA_SASL_OAUTH_CLIENT_SECRET'),
  },
  oauthScope: {
    env: 'KAFKA_SASL_OAUTH_SCOPE',
    schema: text,
    doc: 'Scopes asked for, separated by spaces.',
  },
  oauthScopeFile: {
    env: 'KAFKA_SASL_OAUTH_SCOPE_FILE',
    schema: text,
    doc: file('KAFKA_SASL_OAUTH_SCOPE'),
  },
  oauthExtensions: {
    env: 'KAFKA_SASL_OAUTH_EXTENSIONS',
    schema: text,
    doc: 'SASL extensions sent with the token, such as `logicalCluster=lkc-1,identityPoolId=pool-1`.',
  },
  oauthExtensionsFile: {
    env: 'KAFKA_SASL_OAUTH_EXTENSIONS_FILE',
    schema: text,
    doc: file('KAFKA_SASL_OAUTH_EXTENSIONS'),
  },
} as const satisfies SettingGroup;

export type KafkaSecurityValues = ValuesOf<typeof kafkaSecuritySettings>;
