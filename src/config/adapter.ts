/** The settings of the `adapter` command: all groups, and what must hold between them. */

import { protocols } from '../inference/protocols.ts';
import { batchSettings } from './batching.ts';
import { eventSettings } from './events.ts';
import { drainSettings, httpSettings } from './http.ts';
import { identitySettings } from './identity.ts';
import { kafkaSettings } from './kafka.ts';
import { kafkaSecurityConflicts, kafkaSecurityWarnings } from './kafka-security-rules.ts';
import { type Conflict, type Environment, type Parsed, parseSettings } from './parse.ts';
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
  ...kafkaSettings,
  ...processSettings,
};

type AdapterValues = ValuesOf<typeof adapterSettings>;

export type Transport = 'rest' | 'grpc';

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

export interface AdapterConfig
  extends Omit<AdapterValues, 'predictorUrl' | 'enginePredictor' | 'transport'> {
  /** From PREDICTOR_URL or ENGINE_PREDICTOR. */
  readonly predictorUrl: URL;
  /** What its address, or else the graph's endpoint, says. */
  readonly transport: Transport;
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
        ...kafkaSecurityWarnings(values),
        ...(values.grpcPort !== undefined && predictor.transport === 'rest'
          ? [
              'GRPC_PORT is set, but the predictor is called over REST: predictions by gRPC are answered UNIMPLEMENTED',
            ]
          : []),
      ],
    }),
  };
}

const noPredictor =
  "PREDICTOR_URL is not set. The predictor's base address, or ENGINE_PREDICTOR, is needed";

/** What is called, by either way of naming it. */
function calledPredictor(
  values: AdapterValues,
): Pick<AdapterConfig, 'predictorUrl' | 'transport' | 'model'> | undefined {
  const transport = transportOf(values);
  const predictorUrl = values.predictorUrl ?? engineUrl(values, transport);
  const model = values.model ?? values.enginePredictor?.model;
  return predictorUrl === undefined ? undefined : { predictorUrl, transport, model };
}

const isGrpcUrl = (url: URL): boolean => url.protocol.startsWith('grpc');

function transportOf({ transport, predictorUrl, enginePredictor }: AdapterValues): Transport {
  if (predictorUrl !== undefined) return isGrpcUrl(predictorUrl) ? 'grpc' : 'rest';
  return transport ?? enginePredictor?.transport ?? 'rest';
}

const engineUrl = ({ enginePredictor }: AdapterValues, transport: Transport): URL | undefined =>
  transport === 'grpc' ? enginePredictor?.grpcUrl : enginePredictor?.restUrl;

const conflicts: readonly Conflict<typeof adapterSettings>[] = [
  {
    between: ['httpPort', 'grpcPort'],
    problem: ({ httpPort, grpcPort }) =>
      httpPort === grpcPort && httpPort !== 0
        ? 'HTTP_PORT and GRPC_PORT are the same: each needs a port of its own'
        : undefined,
  },
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
    between: ['transport', 'predictorUrl', 'enginePredictor'],
    problem: (values) => {
      const { transport, predictorUrl, enginePredictor } = values;
      const wanted = transportOf(values);
      if (predictorUrl !== undefined && transport !== undefined && transport !== wanted) {
        return `SELDON_TRANSPORT is ${transport}, but PREDICTOR_URL is an address for ${wanted}; write it as ${transport === 'grpc' ? 'grpc:// or grpcs://' : 'http:// or https://'}, or unset SELDON_TRANSPORT`;
      }
      if (enginePredictor === undefined || engineUrl(values, wanted) !== undefined)
        return undefined;
      return `ENGINE_PREDICTOR: graph.endpoint: expected service_host and ${wanted === 'grpc' ? 'grpcPort (or service_port) for gRPC' : 'httpPort (or service_port) for REST'}`;
    },
  },
  {
    between: ['predictorCertFile', 'predictorKeyFile'],
    problem: ({ predictorCertFile, predictorKeyFile }) =>
      (predictorCertFile === undefined) !== (predictorKeyFile === undefined)
        ? 'PREDICTOR_TLS_CERT_FILE and PREDICTOR_TLS_KEY_FILE go together: set both, or neither'
        : undefined,
  },
  {
    between: ['batchMaxSize', 'transport', 'predictorUrl', 'enginePredictor'],
    problem: (values) =>
      values.batchMaxSize > 1 && transportOf(values) === 'grpc'
        ? 'BATCH_MAX_SIZE merges JSON requests, but the predictor is called over gRPC: unset it'
        : undefined,
  },
  {
    between: ['protocol', 'model', 'enginePredictor', 'transport', 'predictorUrl'],
    problem: (values) => {
      const { protocol, model, enginePredictor } = values;
      const named = model !== undefined || enginePredictor !== undefined;
      return protocols[protocol].needsModel && !named && transportOf(values) === 'rest'
        ? `MODEL_NAME is not set: the ${protocol} protocol names it in its paths`
        : undefined;
    },
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
