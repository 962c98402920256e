/** The file that KAFKA_DEFAULTS names: the Kafka that all SeldonDeployments share. */

import { z } from 'zod';
import { parseJsonFile } from './json-file.ts';
import type { Parsed } from './parse.ts';

interface KafkaDefaults {
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
}

/** Secrets stand in files alone: a value would be in every Deployment for all to read. */
const secretValue = /^KAFKA_(?:SASL_PASSWORD|SASL_OAUTH_CLIENT_SECRET|SSL_CLIENT_KEY(?:_PASS)?)$/;
/** Of one SeldonDeployment, not of all. */
const ownOnly = /^KAFKA_(?:INPUT_TOPIC|OUTPUT_TOPIC|ERROR_TOPIC|CONSUMER_GROUP|TRAFFIC_SHARE)$/;

const variables = z.record(z.string(), z.string()).superRefine((env, context) => {
  const complain = (name: string, message: string) =>
    context.addIssue({ code: 'custom', path: [name], message });
  for (const name of Object.keys(env)) {
    if (!/^KAFKA_[A-Z_]+$/.test(name)) complain(name, 'expected the name of a KAFKA_ variable');
    if (secretValue.test(name))
      complain(name, `write it into a Secret, and name it as ${name}_FILE`);
    if (ownOnly.test(name)) complain(name, 'SeldonDeployments cannot share it: each needs its own');
  }
});

const mounts = z.record(
  z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,240}[a-z0-9])?$/, 'expected the name of a Secret'),
  z.string().regex(/^\/(?:[^/]+\/)*[^/]+$/, 'expected an absolute path without a slash at its end'),
);

const schema = z.strictObject({ env: variables.default({}), secrets: mounts.default({}) });

/**
 * Reads the file that KAFKA_DEFAULTS names.
 * @param content JSON: `{"env": {"KAFKA_BROKER": "…"}, "secrets": {"<name>": "<where it is mounted>"}}`
 */
export const parseKafkaDefaults = (content: string): Parsed<KafkaDefaults> =>
  parseJsonFile('KAFKA_DEFAULTS', content, schema);
