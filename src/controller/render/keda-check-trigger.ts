/** Whether a Kafka scale trigger, filled in, watches what the adapter consumes. */

import type { Finding } from './finding.ts';
import type { Environment } from './kafka-environment.ts';
import { type KafkaSettings, type KafkaValue, wholeNumber } from './kafka-settings.ts';
import { authModes, metadataOf } from './keda-trigger.ts';
import type { ScaleTrigger } from './seldon-deployment.ts';

export interface TriggerContext {
  readonly settings: KafkaSettings;
  readonly environment: Environment;
  /** The trigger's path. */
  readonly where: string;
  readonly scalesToZero: boolean;
}

/**
 * @param given the user's own trigger
 * @param filled what becomes of it
 */
export function triggerWarnings(
  given: ScaleTrigger,
  filled: ScaleTrigger,
  context: TriggerContext,
): Finding[] {
  const metadata = metadataOf(filled);
  return [
    ...incomplete(metadata, context.where, [
      ...required,
      'topic',
      'offsetResetPolicy',
      'lagThreshold',
    ]),
    ...watched(metadata, context),
    ...thresholds(metadata, context),
    ...switches(metadata, context),
    ...authentication(given, metadata, context.where),
  ];
}

type Metadata = Readonly<Record<string, string>>;

/** Without these KEDA does not scale at all. */
const required = ['bootstrapServers', 'consumerGroup'];

/** @param needed by default what KEDA needs; beside it, what it has another default for than the adapter */
export function incomplete(
  metadata: Metadata,
  where: string,
  needed: readonly string[] = required,
): Finding[] {
  return needed
    .filter((name) => metadata[name] === undefined && metadata[`${name}FromEnv`] === undefined)
    .map((name) => ({
      reason: 'ScaleTriggerIncomplete',
      message: `${where}.metadata.${name}: is not set, and cannot be filled in from the adapter's settings, which do not give it by value; set it`,
    }));
}

function watched(metadata: Metadata, context: TriggerContext): Finding[] {
  const { settings, where } = context;
  const warn = (reason: string, name: string, value: KafkaValue): Finding[] => {
    const found = resolve(metadata, name, context.environment);
    if (found === undefined || value.known === undefined || found === value.known) return [];
    const message = `${where}.metadata.${name}: is "${found}", but the adapter's is "${value.known}", so that replicas would follow something else than its lag; take it out, and the adapter's is filled in`;
    return [{ reason, message }];
  };
  return [
    ...warn('ScaleTriggerOtherGroup', 'consumerGroup', settings.group),
    ...warn('ScaleTriggerOtherTopic', 'topic', settings.inputTopic),
    ...warn('ScaleTriggerOtherOffsetReset', 'offsetResetPolicy', settings.offsetReset),
  ];
}

/** In KEDA, too, the value wins over the variable. */
const resolve = (metadata: Metadata, name: string, environment: Environment): string | undefined =>
  metadata[name] ?? environment.get(metadata[`${name}FromEnv`] ?? '')?.text;

function thresholds({ lagThreshold }: Metadata, { settings, where }: TriggerContext): Finding[] {
  if (lagThreshold === undefined) return [];
  const field = `${where}.metadata.lagThreshold`;
  const threshold = wholeNumber(lagThreshold);
  if (threshold === undefined) {
    const message = `${field}: "${lagThreshold}" is no whole number above 0, so that KEDA will not scale; correct it`;
    return [{ reason: 'ScaleTriggerInvalid', message }];
  }
  const workers = settings.workers.known;
  if (workers === undefined || threshold >= workers) return [];
  const message = `${field}: ${threshold} is less than the ${workers} records that one replica works on at once (KAFKA_WORKERS), so that there will be more replicas than work; raise it to ${workers}, or lower KAFKA_WORKERS`;
  return [{ reason: 'LagThresholdBelowWorkers', message }];
}

function switches(metadata: Metadata, { where, scalesToZero }: TriggerContext): Finding[] {
  const warnings: Finding[] = [];
  if (isTrue(metadata['excludePersistentLag'])) {
    const message = `${where}.metadata.excludePersistentLag: lag that stands still while the predictor is down, or a record is retried, would count as none, and replicas would be taken away; take it out`;
    warnings.push({ reason: 'ExcludePersistentLag', message });
  }
  if (scalesToZero && isTrue(metadata['scaleToZeroOnInvalidOffset'])) {
    const message = `${where}.metadata.scaleToZeroOnInvalidOffset: at zero replicas a new consumer group never commits an offset, so that KEDA would never start it; take it out, or set minReplicaCount to 1`;
    warnings.push({ reason: 'ScaleTriggerNeverStarts', message });
  }
  return warnings;
}

/** What Go's ParseBool takes for true. */
const isTrue = (text: string | undefined): boolean => /^(?:1|t|T|TRUE|true|True)$/.test(text ?? '');

function authentication(given: ScaleTrigger, metadata: Metadata, where: string): Finding[] {
  const { authMode } = metadataOf(given);
  const warnings: Finding[] = [];
  if (authMode !== undefined && authModes[authMode] === undefined) {
    const message = `${where}.metadata.authMode: "${authMode}" is not known, and KEDA 2 has no authMode; it is left out: set tls and sasl`;
    warnings.push({ reason: 'ScaleTriggerAuthMode', message });
  }
  if (given.type === 'apache-kafka' && metadata['sasl'] === 'oauthbearer') {
    const message = `${where}.type: KEDA's apache-kafka scaler cannot do OAUTHBEARER; make it kafka`;
    warnings.push({ reason: 'ScaleTriggerInvalid', message });
  }
  return warnings;
}
