/**
 * What the adapter of a predictor will consume, as its settings in `svcOrchSpec.env` say. Their
 * names and defaults are those of the adapter (docs/configuration.md); the words match without
 * regard to case, as there.
 */

import {
  type SaslMechanism,
  type SecurityProtocol,
  saslMechanisms,
  securityProtocols,
} from '../../delivery/kafka-security.ts';
import { type KafkaCredential, kafkaCredentials } from './kafka-credentials.ts';
import { type Environment, environmentOf, type ValueSource } from './kafka-environment.ts';
import { shadowTopic } from './kafka-shadow.ts';
import type { Predictor, SeldonDeployment } from './seldon-deployment.ts';

export const offsetResets = ['earliest', 'latest'] as const;
export type OffsetReset = (typeof offsetResets)[number];

/** One setting. */
export interface KafkaValue<T = string> {
  /** Undefined where it cannot be known here: it is given by reference, or is not valid. */
  readonly known: T | undefined;
  /** The variable of the adapter's container that has it; undefined for a default. */
  readonly variable: string | undefined;
  /** Where that variable comes from, if not from a text. */
  readonly from: ValueSource | undefined;
}

export interface KafkaSettings {
  /** As it is written: `host:port`, separated by commas. */
  readonly brokers: KafkaValue;
  readonly inputTopic: KafkaValue;
  /** What is written to: a shadow's is not the one that its variable names. */
  readonly outputTopic: KafkaValue | undefined;
  readonly errorTopic: KafkaValue | undefined;
  readonly group: KafkaValue;
  readonly offsetReset: KafkaValue<OffsetReset>;
  readonly workers: KafkaValue<number>;
  readonly securityProtocol: KafkaValue<SecurityProtocol>;
  /** Undefined where none is set. */
  readonly saslMechanism: KafkaValue<SaslMechanism> | undefined;
  readonly credentials: readonly KafkaCredential[];
  /**
   * Of the input topic, where `KAFKA_NUM_PARTITIONS` tells it: the adapter needs it not, and asks the
   * broker; only here there is nobody to ask.
   */
  readonly partitions: number | undefined;
}

/**
 * Reads what the adapter of a predictor will consume.
 * @returns undefined where its Kafka path is off: without brokers or an input topic
 */
export function kafkaSettingsOf(
  sdep: SeldonDeployment,
  predictor: Predictor,
): KafkaSettings | undefined {
  const environment = environmentOf(predictor);
  const brokers = textOf(environment, 'KAFKA_BROKER');
  const inputTopic = textOf(environment, 'KAFKA_INPUT_TOPIC');
  if (brokers === undefined || inputTopic === undefined) return undefined;
  const { name, namespace } = sdep.metadata;
  const written = predictor.shadow === true ? shadowed : asIs;
  const outputTopic = written(textOf(environment, 'KAFKA_OUTPUT_TOPIC'));
  const word = <Words extends readonly [string, ...string[]]>(variable: string, words: Words) =>
    readAs(textOf(environment, variable), (text) => wordOf(text, words));
  return {
    brokers,
    inputTopic,
    outputTopic,
    errorTopic: written(textOf(environment, 'KAFKA_ERROR_TOPIC')) ?? errorTopicOf(outputTopic),
    group:
      textOf(environment, 'KAFKA_CONSUMER_GROUP') ??
      byDefault(`${predictor.name}.${name}.${namespace}`),
    offsetReset: word('KAFKA_OFFSET_RESET', offsetResets) ?? byDefault('earliest'),
    workers: readAs(textOf(environment, 'KAFKA_WORKERS'), wholeNumber) ?? byDefault(16),
    securityProtocol: word('KAFKA_SECURITY_PROTOCOL', securityProtocols) ?? byDefault('PLAINTEXT'),
    saslMechanism: word('KAFKA_SASL_MECHANISM', saslMechanisms),
    credentials: kafkaCredentials(environment),
    partitions: readAs(textOf(environment, 'KAFKA_NUM_PARTITIONS'), wholeNumber)?.known,
  };
}

const byDefault = <T>(known: T): KafkaValue<T> => ({ known, variable: undefined, from: undefined });

function textOf(environment: Environment, name: string): KafkaValue | undefined {
  const variable = environment.get(name);
  return variable && { known: variable.text, variable: name, from: variable.from };
}

function readAs<T>(
  value: KafkaValue | undefined,
  read: (text: string) => T | undefined,
): KafkaValue<T> | undefined {
  return value && { ...value, known: value.known === undefined ? undefined : read(value.known) };
}

const asIs = (topic: KafkaValue | undefined) => topic;
const shadowed = (topic: KafkaValue | undefined) => derived(topic, shadowTopic);
const errorTopicOf = (topic: KafkaValue | undefined) => derived(topic, (name) => `${name}.errors`);

/** One topic named after another: no longer what stands in the Secret. */
const derived = (topic: KafkaValue | undefined, name: (topic: string) => string) => {
  const value = readAs(topic, name);
  return value && { ...value, from: undefined };
};

/** @returns the word meant, in its own spelling; undefined where it is none of them */
export const wordOf = <Words extends readonly [string, ...string[]]>(
  text: string,
  words: Words,
): Words[number] | undefined => words.find((word) => word.toLowerCase() === text.toLowerCase());

/** @returns a whole number above 0; undefined where the text is none */
export function wholeNumber(text: string): number | undefined {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return number > 0 ? number : undefined;
}
