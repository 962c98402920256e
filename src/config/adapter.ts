/** The settings of the `adapter` command: all groups, and what must hold between them. */

import { protocols } from '../inference/protocols.ts';
import { eventSettings } from './events.ts';
import { drainSettings, httpSettings } from './http.ts';
import { identitySettings } from './identity.ts';
import { kafkaSettings } from './kafka.ts';
import { type Environment, type Parsed, parseSettings } from './parse.ts';
import { predictorSettings } from './predictor.ts';
import { processSettings } from './process.ts';
import type { ValuesOf } from './setting.ts';

export const adapterSettings = {
  ...identitySettings,
  ...predictorSettings,
  ...httpSettings,
  ...drainSettings,
  ...eventSettings,
  ...kafkaSettings,
  ...processSettings,
};

type AdapterValues = ValuesOf<typeof adapterSettings>;

/** What the Kafka path needs; there only where it is on. */
export interface KafkaTopics {
  readonly brokers: readonly string[];
  readonly inputTopic: string;
  readonly outputTopic: string;
  readonly errorTopic: string;
  readonly consumerGroup: string;
}

export interface AdapterConfig extends AdapterValues {
  readonly attemptTimeoutMs: number;
  /** Undefined where the Kafka path is off. */
  readonly kafka: KafkaTopics | undefined;
  /** What was set and is not done, for the log. */
  readonly warnings: readonly string[];
}

/** Variables that protect something, or route somewhere, and that this version does not heed. */
const notHeeded = [
  'ENGINE_PREDICTOR',
  'TLS_CERT_FILE',
  'TLS_KEY_FILE',
  'TLS_CLIENT_CA_FILE',
  'OIDC_ISSUER',
  'OIDC_AUDIENCE',
  'OIDC_SUBJECTS',
  'K_SINK',
];

const wellMeant: Readonly<Record<string, string>> = {
  KAFKA_AUTO_COMMIT:
    'KAFKA_AUTO_COMMIT is not heeded: an offset is committed when everything before it is answered',
  KAFKA_FULL_GRAPH:
    'KAFKA_FULL_GRAPH is not heeded: every record is answered by the whole predictor',
};

/** Parses and checks everything; all problems are told together. */
export function parseAdapterConfig(
  args: readonly string[],
  environment: Environment,
): Parsed<AdapterConfig> {
  const parsed = parseSettings(adapterSettings, args, environment);
  const refused = notHeeded
    .filter((name) => (environment[name] ?? '').trim() !== '')
    .map((name) => `${name} is set, but this version does not support it: unset it`);
  if (!parsed.ok) return { ok: false, problems: [...parsed.problems, ...refused] };
  const { values } = parsed;
  const problems = [...refused, ...conflicts(values)];
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    values: Object.freeze({
      ...values,
      attemptTimeoutMs: values.attemptTimeoutMs ?? values.requestTimeoutMs,
      kafka: kafkaTopics(values),
      warnings: Object.keys(wellMeant)
        .filter((name) => (environment[name] ?? '').trim() !== '')
        .map((name) => wellMeant[name] ?? name),
    }),
  };
}

function conflicts(values: AdapterValues): string[] {
  const problems: string[] = [];
  if (protocols[values.protocol].needsModel && values.model === undefined) {
    problems.push(`MODEL_NAME is not set: the ${values.protocol} protocol names it in its paths`);
  }
  const { brokers, inputTopic, outputTopic, errorTopic } = values;
  if ((brokers === undefined) !== (inputTopic === undefined)) {
    problems.push('KAFKA_BROKER and KAFKA_INPUT_TOPIC go together: set both, or neither');
  }
  if (brokers !== undefined && outputTopic === undefined) {
    problems.push('KAFKA_OUTPUT_TOPIC is not set: predictions would have nowhere to go');
  }
  if (values.serverType === 'kafka' && brokers === undefined) {
    problems.push(
      'SERVER_TYPE is kafka: set KAFKA_BROKER, KAFKA_INPUT_TOPIC and KAFKA_OUTPUT_TOPIC',
    );
  }
  const errors = outputTopic === undefined ? errorTopic : errorTopicOf(errorTopic, outputTopic);
  const topics = [inputTopic, outputTopic, errors].filter((topic) => topic !== undefined);
  if (new Set(topics).size < topics.length) {
    problems.push(
      'KAFKA_INPUT_TOPIC, KAFKA_OUTPUT_TOPIC and KAFKA_ERROR_TOPIC must differ: answers would be predicted on again',
    );
  }
  return problems;
}

const errorTopicOf = (errorTopic: string | undefined, outputTopic: string): string =>
  errorTopic ?? `${outputTopic}.errors`;

function kafkaTopics(values: AdapterValues): KafkaTopics | undefined {
  const { brokers, inputTopic, outputTopic, sdep, namespace, predictor } = values;
  if (brokers === undefined || inputTopic === undefined || outputTopic === undefined) {
    return undefined;
  }
  return {
    brokers,
    inputTopic,
    outputTopic,
    errorTopic: errorTopicOf(values.errorTopic, outputTopic),
    consumerGroup: values.consumerGroup ?? `${predictor}.${sdep}.${namespace}`,
  };
}
