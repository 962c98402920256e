/** From settings to the security of a Kafka client. */

import type { KafkaSecurityValues } from '../config/kafka-security.ts';
import type { Log } from '../delivery/ports.ts';
import { checkKafkaSecurity } from '../kafka/security/check.ts';
import type { KafkaSecurityOptions } from '../kafka/security/options.ts';
import { createKafkaSecurity, type KafkaSecurity } from '../kafka/security/security.ts';
import type { Source } from '../kafka/security/source.ts';
import { now, wallClock } from './clock.ts';

/** @returns what keeps the credentials that `values` name from being used: files, keys, certificates */
export const kafkaSecurityProblems = (values: KafkaSecurityValues): string[] =>
  checkKafkaSecurity(optionsOf(values), wallClock());

/** Makes what {@link createKafkaClient} takes. */
export const kafkaSecurityOf = (values: KafkaSecurityValues, log: Log): KafkaSecurity =>
  createKafkaSecurity(optionsOf(values), { now, wallClock, random: Math.random, log });

function optionsOf(values: KafkaSecurityValues): KafkaSecurityOptions {
  const { securityProtocol: protocol, saslMechanism } = values;
  const tls = protocol.endsWith('SSL') ? tlsOf(values) : undefined;
  const hasSasl = protocol.startsWith('SASL_') && saslMechanism !== undefined;
  return { tls, sasl: hasSasl ? saslOf(saslMechanism, values) : undefined };
}

function tlsOf(values: KafkaSecurityValues): KafkaSecurityOptions['tls'] {
  return {
    ca: source('KAFKA_SSL_CA_CERT', values.sslCaCert, values.sslCaCertFile),
    cert: source('KAFKA_SSL_CLIENT_CERT', values.sslClientCert, values.sslClientCertFile),
    key: source('KAFKA_SSL_CLIENT_KEY', values.sslClientKey, values.sslClientKeyFile),
    keyPass: source(
      'KAFKA_SSL_CLIENT_KEY_PASS',
      values.sslClientKeyPass,
      values.sslClientKeyPassFile,
    ),
  };
}

function saslOf(
  mechanism: NonNullable<KafkaSecurityValues['saslMechanism']>,
  values: KafkaSecurityValues,
): KafkaSecurityOptions['sasl'] {
  if (mechanism !== 'OAUTHBEARER') {
    return {
      mechanism,
      username: given('KAFKA_SASL_USERNAME', values.saslUsername, values.saslUsernameFile),
      password: given('KAFKA_SASL_PASSWORD', values.saslPassword, values.saslPasswordFile),
    };
  }
  const oauth = 'KAFKA_SASL_OAUTH';
  return {
    mechanism,
    tokenUrl: given(`${oauth}_TOKEN_URL`, values.oauthTokenUrl, values.oauthTokenUrlFile),
    clientId: given(`${oauth}_CLIENT_ID`, values.oauthClientId, values.oauthClientIdFile),
    clientSecret: given(
      `${oauth}_CLIENT_SECRET`,
      values.oauthClientSecret,
      values.oauthClientSecretFile,
    ),
    scope: perhaps(source(`${oauth}_SCOPE`, values.oauthScope, values.oauthScopeFile)),
    extensions: perhaps(
      source(`${oauth}_EXTENSIONS`, values.oauthExtensions, values.oauthExtensionsFile),
    ),
  };
}

const source = (
  env: string,
  value: string | undefined,
  file: string | undefined,
): Source | undefined =>
  value === undefined && file === undefined ? undefined : given(env, value, file);

const perhaps = (found: Source | undefined): Source | undefined =>
  found && { ...found, mayBeEmpty: true };

const given = (env: string, value: string | undefined, file: string | undefined): Source => ({
  setting: file === undefined ? env : `${env}_FILE`,
  value,
  file,
});
