/** What must hold between the security settings of Kafka, and what they come to. */

import { saslMechanisms } from '../delivery/kafka-security.ts';
import { type KafkaSecurityValues, kafkaSecuritySettings } from './kafka-security.ts';
import type { Conflict } from './parse.ts';

type Name = keyof typeof kafkaSecuritySettings;
/** What can be given by value or by file. */
type Credential = { [N in Name]: `${N}File` extends Name ? N : never }[Name];

const credentials = (Object.keys(kafkaSecuritySettings) as Name[]).filter(
  (name): name is Credential => `${name}File` in kafkaSecuritySettings,
);
const envOf = (name: Name): string => kafkaSecuritySettings[name].env;
const isGiven = (values: KafkaSecurityValues, name: Credential): boolean =>
  values[name] !== undefined || values[`${name}File`] !== undefined;
const usesTls = ({ securityProtocol }: KafkaSecurityValues): boolean =>
  securityProtocol === 'SSL' || securityProtocol === 'SASL_SSL';
const usesSasl = ({ securityProtocol }: KafkaSecurityValues): boolean =>
  securityProtocol === 'SASL_PLAINTEXT' || securityProtocol === 'SASL_SSL';

const login: readonly Credential[] = ['saslUsername', 'saslPassword'];
const client: readonly Credential[] = ['oauthTokenUrl', 'oauthClientId', 'oauthClientSecret'];
const neededBy = {
  PLAIN: login,
  'SCRAM-SHA-256': login,
  'SCRAM-SHA-512': login,
  OAUTHBEARER: client,
} as const;

/** What must hold between them. */
export const kafkaSecurityConflicts: readonly Conflict<typeof kafkaSecuritySettings>[] = [
  ...credentials.map((name) => ({
    between: [name, `${name}File`] as const,
    problem: (values: KafkaSecurityValues) =>
      values[name] !== undefined && values[`${name}File`] !== undefined
        ? `${envOf(name)} and ${envOf(name)}_FILE are both set: unset one`
        : undefined,
  })),
  {
    between: ['securityProtocol', 'saslMechanism'],
    problem: (values) =>
      usesSasl(values) && values.saslMechanism === undefined
        ? `KAFKA_SASL_MECHANISM is not set: KAFKA_SECURITY_PROTOCOL ${values.securityProtocol} needs one of ${saslMechanisms.join(', ')}`
        : undefined,
  },
  ...[...login, ...client].map((name) => ({
    between: ['securityProtocol', 'saslMechanism'] as const,
    problem: (values: KafkaSecurityValues) => {
      const { saslMechanism: mechanism } = values;
      if (!usesSasl(values) || mechanism === undefined || isGiven(values, name)) return undefined;
      return neededBy[mechanism].includes(name)
        ? `${envOf(name)} is not set: KAFKA_SASL_MECHANISM ${mechanism} needs it, or ${envOf(name)}_FILE`
        : undefined;
    },
  })),
  pairConflict('sslClientCert', 'sslClientKey'),
  pairConflict('sslClientKey', 'sslClientCert'),
];

function pairConflict(given: Credential, missing: Credential) {
  return {
    between: ['securityProtocol'] as const,
    problem: (values: KafkaSecurityValues) =>
      usesTls(values) && isGiven(values, given) && !isGiven(values, missing)
        ? `${envOf(given)} is set without ${envOf(missing)}: set both (or the ${envOf(missing)}_FILE), or neither`
        : undefined,
  };
}

/** The settings as variables again, for a part of the process that reads its own. */
export const kafkaSecurityEnvironment = (values: KafkaSecurityValues): Record<string, string> =>
  Object.fromEntries(
    (Object.keys(kafkaSecuritySettings) as Name[]).flatMap((name) => {
      const value = values[name];
      return value === undefined ? [] : [[envOf(name), value]];
    }),
  );

/** What is set and is not used, or not safe; for the log. */
export function kafkaSecurityWarnings(values: KafkaSecurityValues): string[] {
  const unused = credentials
    .filter((name) => isGiven(values, name) && !isUsed(values, name))
    .map(
      (name) =>
        `${envOf(name)} is set and not used: KAFKA_SECURITY_PROTOCOL is ${values.securityProtocol}${usesSasl(values) ? ` with ${values.saslMechanism}` : ''}`,
    );
  const isBare =
    values.securityProtocol === 'SASL_PLAINTEXT' &&
    (values.saslMechanism === 'PLAIN' || values.saslMechanism === 'OAUTHBEARER');
  if (!isBare) return unused;
  const bare = `KAFKA_SECURITY_PROTOCOL is SASL_PLAINTEXT: with ${values.saslMechanism} what we authenticate by can be read on the way to the brokers; SASL_SSL hides it`;
  return [...unused, bare];
}

function isUsed(values: KafkaSecurityValues, name: Credential): boolean {
  if (name.startsWith('ssl')) return usesTls(values);
  if (!usesSasl(values)) return false;
  return name.startsWith('oauth') === (values.saslMechanism === 'OAUTHBEARER');
}
