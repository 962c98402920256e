/** What the adapter shows to brokers, and where it gets it: the variables of design.md §3.4 and §3.7. */

import type { Environment, ValueSource } from './kafka-environment.ts';

/** What a credential is for, and its variable; each can be given as a file by `<variable>_FILE`. */
const variables = {
  ca: 'KAFKA_SSL_CA_CERT',
  cert: 'KAFKA_SSL_CLIENT_CERT',
  key: 'KAFKA_SSL_CLIENT_KEY',
  keyPassword: 'KAFKA_SSL_CLIENT_KEY_PASS',
  username: 'KAFKA_SASL_USERNAME',
  password: 'KAFKA_SASL_PASSWORD',
  tokenUrl: 'KAFKA_SASL_OAUTH_TOKEN_URL',
  clientId: 'KAFKA_SASL_OAUTH_CLIENT_ID',
  clientSecret: 'KAFKA_SASL_OAUTH_CLIENT_SECRET',
  scope: 'KAFKA_SASL_OAUTH_SCOPE',
  extensions: 'KAFKA_SASL_OAUTH_EXTENSIONS',
} as const;

export type CredentialRole = keyof typeof variables;

export interface KafkaCredential {
  readonly role: CredentialRole;
  /** The variable that is set: with `_FILE` at its end where it names a file. */
  readonly variable: string;
  readonly kind: 'value' | 'file';
  /** Of a file: its path in the adapter's container; undefined where it cannot be known here. */
  readonly path: string | undefined;
  /** Where the variable comes from, if not from a text. */
  readonly from: ValueSource | undefined;
}

/** The variable of a credential, for messages. */
export const variableOf = (role: CredentialRole): string => variables[role];

/** Reads all that are given; where value and file both are, the value. */
export function kafkaCredentials(environment: Environment): KafkaCredential[] {
  const credentials: KafkaCredential[] = [];
  for (const role of Object.keys(variables) as CredentialRole[]) {
    const value = environment.get(variables[role]);
    const file = environment.get(`${variables[role]}_FILE`);
    if (value !== undefined) {
      const { name: variable, from } = value;
      credentials.push({ role, variable, kind: 'value', path: undefined, from });
    } else if (file !== undefined) {
      const { name: variable, text: path, from } = file;
      credentials.push({ role, variable, kind: 'file', path, from });
    }
  }
  return credentials;
}
