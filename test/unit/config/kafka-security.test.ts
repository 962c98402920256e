import { describe, expect, it } from 'vitest';
import { kafkaSecuritySettings } from '../../../src/config/kafka-security.ts';
import {
  kafkaSecurityConflicts,
  kafkaSecurityEnvironment,
  kafkaSecurityWarnings,
} from '../../../src/config/kafka-security-rules.ts';
import { type Environment, parseSettings } from '../../../src/config/parse.ts';

const parse = (environment: Environment) =>
  parseSettings(kafkaSecuritySettings, [], environment, kafkaSecurityConflicts);
const problemsOf = (environment: Environment): readonly string[] => {
  const parsed = parse(environment);
  return parsed.ok ? [] : parsed.problems;
};
const warningsOf = (environment: Environment): readonly string[] => {
  const parsed = parse(environment);
  return parsed.ok ? kafkaSecurityWarnings(parsed.values) : parsed.problems;
};

const login = { KAFKA_SASL_USERNAME: 'alice', KAFKA_SASL_PASSWORD_FILE: '/secret/password' };

describe('security settings of Kafka', () => {
  it.each([
    {},
    { KAFKA_SECURITY_PROTOCOL: 'plaintext' },
    { KAFKA_SECURITY_PROTOCOL: 'ssl' },
    { KAFKA_SECURITY_PROTOCOL: 'Sasl_Ssl', KAFKA_SASL_MECHANISM: 'scram-sha-512', ...login },
  ])('are taken without regard to case: %j', (environment) => {
    expect(warningsOf(environment)).toEqual([]);
  });

  it.each([
    [{ KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' }, ['KAFKA_SASL_MECHANISM is not set']],
    [
      { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_MECHANISM: 'PLAIN' },
      ['KAFKA_SASL_USERNAME is not set', 'KAFKA_SASL_PASSWORD is not set'],
    ],
    [
      { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_MECHANISM: 'OAUTHBEARER', ...login },
      [
        'KAFKA_SASL_OAUTH_TOKEN_URL is not set',
        'KAFKA_SASL_OAUTH_CLIENT_ID is not set',
        'KAFKA_SASL_OAUTH_CLIENT_SECRET is not set',
      ],
    ],
    [
      { KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CLIENT_CERT_FILE: '/tls.crt' },
      ['KAFKA_SSL_CLIENT_CERT is set without KAFKA_SSL_CLIENT_KEY'],
    ],
    [
      { KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CLIENT_KEY: 'key' },
      ['KAFKA_SSL_CLIENT_KEY is set without KAFKA_SSL_CLIENT_CERT'],
    ],
    [
      { KAFKA_SSL_CA_CERT: 'pem', KAFKA_SSL_CA_CERT_FILE: '/ca.crt' },
      ['KAFKA_SSL_CA_CERT and KAFKA_SSL_CA_CERT_FILE are both set'],
    ],
    [
      { KAFKA_SECURITY_PROTOCOL: 'TLS', KAFKA_SASL_MECHANISM: 'GSSAPI' },
      ['KAFKA_SECURITY_PROTOCOL: expected', 'KAFKA_SASL_MECHANISM: expected'],
    ],
  ])('that contradict each other are all told: %j', (environment, expected) => {
    const problems = problemsOf(environment);
    expect(problems).toEqual(expected.map((start) => expect.stringContaining(start)));
  });

  it('come through as variables again', () => {
    const environment = {
      KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
      KAFKA_SASL_MECHANISM: 'PLAIN',
      ...login,
    };
    const parsed = parse(environment);
    expect(parsed.ok && kafkaSecurityEnvironment(parsed.values)).toEqual(environment);
  });

  it('that are not used are told, and so is a password in the clear', () => {
    expect(warningsOf({ ...login, KAFKA_SSL_CA_CERT: 'pem' })).toEqual([
      'KAFKA_SSL_CA_CERT is set and not used: KAFKA_SECURITY_PROTOCOL is PLAINTEXT',
      'KAFKA_SASL_USERNAME is set and not used: KAFKA_SECURITY_PROTOCOL is PLAINTEXT',
      'KAFKA_SASL_PASSWORD is set and not used: KAFKA_SECURITY_PROTOCOL is PLAINTEXT',
    ]);
    const plain = { KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT', KAFKA_SASL_MECHANISM: 'PLAIN' };
    expect(warningsOf({ ...plain, ...login })).toEqual([expect.stringContaining('SASL_SSL')]);
  });
});
