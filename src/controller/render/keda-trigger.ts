/** Fills in what a Kafka scale trigger leaves out, from what the adapter consumes. */

import type { KafkaSettings, KafkaValue } from './kafka-settings.ts';
import type { ScalerSecurity } from './keda-authentication.ts';
import type { ScaledPod } from './keda-pod.ts';
import type { ScaleTrigger } from './seldon-deployment.ts';

/** KEDA's scalers for Kafka: on sarama, and on kafka-go. */
const kafkaTypes: readonly string[] = ['kafka', 'apache-kafka'];

export const isKafkaTrigger = ({ type }: ScaleTrigger): boolean => kafkaTypes.includes(type);

export interface FillContext {
  readonly settings: KafkaSettings;
  readonly security: ScalerSecurity;
  readonly pod: ScaledPod;
  /** The TriggerAuthentication that we make. */
  readonly authenticationName: string;
}

/** A trigger's metadata; what YAML makes numbers and booleans of is text to KEDA. Empty is unset. */
export const metadataOf = ({ metadata }: ScaleTrigger): Record<string, string> =>
  Object.fromEntries(
    Object.entries(metadata ?? {})
      .map(([name, value]) => [name, String(value).trim()] as const)
      .filter(([, value]) => value !== ''),
  );

/** Fills in what is absent; what the user set stays, and an authenticationRef of theirs wins whole. */
export function fillTrigger(trigger: ScaleTrigger, context: FillContext): ScaleTrigger {
  const { settings, security, pod } = context;
  const { authMode, ...given } = metadataOf(trigger);
  const own = trigger.authenticationRef !== undefined;
  const metadata: Record<string, string> = {
    ...given,
    ...unlessGiven(given, 'bootstrapServers', settings.brokers, pod),
    ...unlessGiven(given, 'consumerGroup', settings.group, pod),
    ...unlessGiven(given, 'topic', settings.inputTopic, pod),
    ...unlessSet(given, 'offsetResetPolicy', settings.offsetReset.known),
    ...unlessSet(given, 'lagThreshold', settings.workers.known),
  };
  const translated = authModes[authMode ?? ''] ?? {};
  const secured = own ? {} : security.metadata;
  // The kafka-go scaler refuses `tls` and `sasl` that stand in both places.
  const isTwice = own && trigger.type === 'apache-kafka';
  if (!isTwice) Object.assign(metadata, { ...secured, ...translated, ...given });
  const needsOurs = !own && security.authentication !== undefined && isSecured(metadata);
  return {
    ...trigger,
    metadata,
    ...(needsOurs && { authenticationRef: { name: context.authenticationName } }),
  };
}

const isSecured = ({ tls, sasl = 'none' }: Record<string, string>): boolean =>
  tls === 'enable' || sasl !== 'none';

/** KEDA takes these three from a variable of the container, too: `<name>FromEnv`. */
function unlessGiven(
  given: Readonly<Record<string, string>>,
  name: string,
  { known, variable }: KafkaValue,
  pod: ScaledPod,
): Record<string, string> {
  if (given[name] !== undefined || given[`${name}FromEnv`] !== undefined) return {};
  if (known !== undefined) return { [name]: known };
  return variable !== undefined && pod.hasAdapter ? { [`${name}FromEnv`]: variable } : {};
}

const unlessSet = (
  given: Readonly<Record<string, string>>,
  name: string,
  known: string | number | undefined,
): Record<string, string> =>
  given[name] !== undefined || known === undefined ? {} : { [name]: String(known) };

/**
 * KEDA 1 had one `authMode` where KEDA 2 has `sasl` and `tls`. What a mode leaves open is the adapter's.
 * `sasl_ssl` meant mutual TLS without SASL, and `sasl_ssl_plain` checked no certificates, which we do not
 * take over; Azure's tutorial spells `sasl_plain`.
 */
export const authModes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  none: {},
  sasl_plain: { sasl: 'plaintext' },
  sasl_plaintext: { sasl: 'plaintext' },
  sasl_ssl: { tls: 'enable' },
  sasl_ssl_plain: { tls: 'enable', sasl: 'plaintext' },
  sasl_scram_sha256: { sasl: 'scram_sha256' },
  sasl_scram_sha512: { sasl: 'scram_sha512' },
};
