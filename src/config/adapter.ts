/** The settings of the `adapter` command: all groups, and what must hold between them. */

import { seldonOnly } from '../graph/check.ts';
import { nodesOf, type PredictorGraph } from '../graph/node.ts';
import { singleModelOf } from '../graph/single-model.ts';
import { protocols } from '../inference/protocols.ts';
import { batchSettings } from './batching.ts';
import { eventSettings } from './events.ts';
import { drainSettings, httpSettings } from './http.ts';
import { identitySettings } from './identity.ts';
import { kafkaSettings } from './kafka.ts';
import { kafkaSecurityConflicts, kafkaSecurityWarnings } from './kafka-security-rules.ts';
import { type Conflict, type Environment, type Parsed, parseSettings } from './parse.ts';
import { payloadLogSettings } from './payload-log.ts';
import { predictorSettings } from './predictor.ts';
import { processSettings } from './process.ts';
import type { ValuesOf } from './setting.ts';

export const adapterSettings = {
  ...identitySettings,
  ...predictorSettings,
  ...httpSettings,
  ...drainSettings,
  ...eventSettings,
  ...batchSettings,
  ...payloadLogSettings,
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
  /** How missing topics are made; undefined: they are waited for. */
  readonly topicCreation: TopicCreation | undefined;
}

export interface TopicCreation {
  readonly numPartitions: number | undefined;
  readonly replicationFactor: number | undefined;
}

export interface AdapterConfig extends Omit<AdapterValues, 'predictorUrl' | 'enginePredictor'> {
  /** The one model's, from PREDICTOR_URL or ENGINE_PREDICTOR; undefined: `graph` is walked. */
  readonly predictorUrl: URL | undefined;
  /** From ENGINE_PREDICTOR, however small. */
  readonly graph: PredictorGraph | undefined;
  readonly attemptTimeoutMs: number;
  /** Undefined where the Kafka path is off. */
  readonly kafka: KafkaTopics | undefined;
  /** What was set and is not done, for the log. */
  readonly warnings: readonly string[];
}

/** Variables that protect something, or route somewhere, and that this version does not heed. */
const notHeeded = [
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
  const isSet = (name: string): boolean => (environment[name] ?? '').trim() !== '';
  const parsed = parseSettings(adapterSettings, args, environment, conflicts);
  const refused = notHeeded
    .filter(isSet)
    .map((name) => `${name} is set, but this version does not support it: unset it`);
  if (!parsed.ok) return { ok: false, problems: [...parsed.problems, ...refused] };
  if (refused.length > 0) return { ok: false, problems: refused };
  const { values } = parsed;
  const predictor = calledPredictor(values);
  if (predictor === undefined) return { ok: false, problems: [noPredictor] };
  return {
    ok: true,
    values: Object.freeze({
      ...values,
      ...predictor,
      attemptTimeoutMs: values.attemptTimeoutMs ?? values.requestTimeoutMs,
      kafka: kafkaTopics(values),
      warnings: [
        ...Object.entries(wellMeant)
          .filter(([name]) => isSet(name))
          .map(([, warning]) => warning),
        ...graphWarnings(values),
        ...kafkaSecurityWarnings(values),
      ],
    }),
  };
}

const noPredictor =
  "PREDICTOR_URL is not set. The predictor's base address, or ENGINE_PREDICTOR, is needed";

/** What is called, by either way of naming it. */
function calledPredictor(
  values: AdapterValues,
): Pick<AdapterConfig, 'predictorUrl' | 'model' | 'graph'> | undefined {
  const { predictorUrl, model, enginePredictor: graph } = values;
  if (graph === undefined) {
    return predictorUrl === undefined ? undefined : { predictorUrl, model, graph };
  }
  const single = singleModelOf(graph);
  if (single === undefined) return { predictorUrl: undefined, model: graph.root.name, graph };
  return { predictorUrl: single.url, model: model ?? single.model, graph };
}

/** What is asked for and cannot be heeded. */
function graphWarnings({ enginePredictor: graph, model, logSink }: AdapterValues): string[] {
  if (graph === undefined) return [];
  const warnings: string[] = [];
  const isForRoot = model === undefined || model === graph.root.name;
  if (!isForRoot && singleModelOf(graph) === undefined) {
    warnings.push(
      'MODEL_NAME is not heeded: the nodes of a graph go by the names in ENGINE_PREDICTOR',
    );
  }
  const silent = nodesOf(graph.root).filter(
    ({ logger }) => logger && (logger.url ?? logSink) === undefined,
  );
  if (silent.length > 0) {
    const names = silent.map(({ name }) => name).join(', ');
    warnings.push(
      `payloads of ${names} are not logged: the logger names no url, and REQUEST_LOGGER_DEFAULT_ENDPOINT is not set`,
    );
  }
  return warnings;
}

const conflicts: readonly Conflict<typeof adapterSettings>[] = [
  ...kafkaSecurityConflicts,
  {
    between: ['predictorUrl', 'enginePredictor'],
    problem: ({ predictorUrl, enginePredictor }) => {
      if (predictorUrl === undefined && enginePredictor === undefined) return noPredictor;
      return predictorUrl !== undefined && enginePredictor !== undefined
        ? 'PREDICTOR_URL and ENGINE_PREDICTOR both name the predictor: unset one of them'
        : undefined;
    },
  },
  {
    between: ['protocol', 'model', 'enginePredictor'],
    problem: ({ protocol, model, enginePredictor }) =>
      protocols[protocol].needsModel && model === undefined && enginePredictor === undefined
        ? `MODEL_NAME is not set: the ${protocol} protocol names it in its paths`
        : undefined,
  },
  {
    between: ['protocol', 'enginePredictor'],
    problem: ({ protocol, enginePredictor }) => {
      if (protocol === 'seldon' || enginePredictor === undefined) return undefined;
      const units = seldonOnly(enginePredictor);
      return units.length > 0
        ? `ENGINE_PREDICTOR: ${units.join(', ')} speaks the seldon protocol alone, not ${protocol}: use a container`
        : undefined;
    },
  },
  {
    between: ['batchMaxSize', 'enginePredictor'],
    problem: ({ batchMaxSize, enginePredictor }) =>
      batchMaxSize > 1 && enginePredictor !== undefined && !singleModelOf(enginePredictor)
        ? 'BATCH_MAX_SIZE merges requests for one model, and the graph has more to it: unset it'
        : undefined,
  },
  {
    between: ['brokers', 'inputTopic'],
    problem: ({ brokers, inputTopic }) =>
      (brokers === undefined) !== (inputTopic === undefined)
        ? 'KAFKA_BROKER and KAFKA_INPUT_TOPIC go together: set both, or neither'
        : undefined,
  },
  {
    between: ['brokers', 'outputTopic'],
    problem: ({ brokers, outputTopic }) =>
      brokers !== undefined && outputTopic === undefined
        ? 'KAFKA_OUTPUT_TOPIC is not set: predictions would have nowhere to go'
        : undefined,
  },
  {
    between: ['brokers', 'serverType'],
    problem: ({ brokers, serverType }) =>
      serverType === 'kafka' && brokers === undefined
        ? 'SERVER_TYPE is kafka: set KAFKA_BROKER, KAFKA_INPUT_TOPIC and KAFKA_OUTPUT_TOPIC'
        : undefined,
  },
  {
    between: ['inputTopic', 'outputTopic', 'errorTopic'],
    problem: ({ inputTopic, outputTopic, errorTopic }) => {
      const errors = outputTopic === undefined ? errorTopic : errorTopicOf(errorTopic, outputTopic);
      const topics = [inputTopic, outputTopic, errors].filter((topic) => topic !== undefined);
      return new Set(topics).size < topics.length
        ? 'KAFKA_INPUT_TOPIC, KAFKA_OUTPUT_TOPIC and KAFKA_ERROR_TOPIC must differ: answers would be predicted on again'
        : undefined;
    },
  },
];

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
    topicCreation: topicCreation(values),
  };
}

/** Whoever says how topics are to be made wants them made. */
function topicCreation(values: AdapterValues): TopicCreation | undefined {
  const { createTopics, numPartitions, replicationFactor } = values;
  const described = numPartitions !== undefined || replicationFactor !== undefined;
  const wanted = createTopics === undefined ? described : createTopics === 'true';
  return wanted ? { numPartitions, replicationFactor } : undefined;
}
