/** The settings of the `adapter` command: all groups, and what must hold between them. */

import { seldonOnly } from '../graph/check.ts';
import { nodesOf, type PredictorGraph } from '../graph/node.ts';
import { noFacts, type PredictorFacts } from '../graph/predictor-entry.ts';
import { protocols } from '../inference/protocols.ts';
import { batchSettings } from './batching.ts';
import { eventSettings } from './events.ts';
import { takeExecutorFlags } from './executor-flags.ts';
import { drainSettings, httpSettings } from './http.ts';
import { identitySettings } from './identity.ts';
import { kafkaSettings } from './kafka.ts';
import { kafkaSecurityConflicts, kafkaSecurityWarnings } from './kafka-security-rules.ts';
import { type Conflict, type Environment, type Parsed, parseSettings } from './parse.ts';
import { payloadLogSettings } from './payload-log.ts';
import { annotatedTimeouts, parseAnnotations } from './pod-annotations.ts';
import { type EnginePredictor, predictorSettings } from './predictor.ts';
import { type ConfigFiles, noFiles, readPredictorFile } from './predictor-file.ts';
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

type Timeouts = 'requestTimeoutMs' | 'attemptTimeoutMs' | 'connectTimeoutMs' | 'callRetries';
type Decided = 'predictorUrl' | 'enginePredictor' | 'predictorFile' | 'transport' | Timeouts;

export interface AdapterConfig
  extends Omit<AdapterValues, Decided>,
    Readonly<Record<Timeouts, number>> {
  /** The one model's, from PREDICTOR_URL or an engine predictor; undefined: `graph` is walked. */
  readonly predictorUrl: URL | undefined;
  /** From ENGINE_PREDICTOR or the predictor in a file, however small. */
  readonly graph: PredictorGraph | undefined;
  /** What its address, or else the graph's endpoint, says. */
  readonly transport: Transport;
  /** What metrics say of the predictor. */
  readonly facts: PredictorFacts;
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
  'SELDON_CERT_MOUNT_PATH',
  'OIDC_ISSUER',
  'OIDC_AUDIENCE',
  'OIDC_SUBJECTS',
  'K_SINK',
];

/**
 * Parses and checks everything; all problems are told together.
 * @param files how files are read; none can be where it is left out
 */
export function parseAdapterConfig(
  args: readonly string[],
  environment: Environment,
  files: ConfigFiles = noFiles,
): Parsed<AdapterConfig> {
  const isSet = (name: string): boolean => (environment[name] ?? '').trim() !== '';
  const taken = takeExecutorFlags(args, environment);
  const fromFile = readPredictorFile(files);
  const engineOf: EngineOf = ({ enginePredictor, predictorFile, predictor }) =>
    predictorFile === undefined ? enginePredictor : fromFile(predictorFile, predictor).engine;
  const parsed = parseSettings(adapterSettings, taken.args, environment, [
    ...conflicts,
    ...engineConflicts(engineOf),
    {
      between: ['predictorFile', 'predictor'],
      problem: ({ predictorFile, predictor }) =>
        predictorFile === undefined ? undefined : fromFile(predictorFile, predictor).problem,
    },
  ]);
  const refused = notHeeded
    .filter(isSet)
    .map((name) => `${name} is set, but this version does not support it: unset it`);
  const problems = [...taken.problems, ...(parsed.ok ? [] : parsed.problems), ...refused];
  if (!parsed.ok || problems.length > 0) return { ok: false, problems };
  const { values } = parsed;
  const engine = engineOf(values);
  const called = calledPredictor(values, engine);
  if (called === undefined) return { ok: false, problems: [noPredictor] };
  const annotated = readAnnotations(values, called.transport, files);
  return {
    ok: true,
    values: Object.freeze({
      ...values,
      ...called,
      ...timeoutsOf(values, annotated),
      kafka: kafkaTopics(values),
      warnings: [
        ...taken.warnings,
        ...annotated.warnings,
        ...(engine === undefined ? [] : graphWarnings(values, engine, called.transport)),
        ...kafkaSecurityWarnings(values),
      ],
    }),
  };
}

const noPredictor =
  "PREDICTOR_URL is not set. The predictor's base address, ENGINE_PREDICTOR or PREDICTOR_FILE (--file) is needed";

/** The predictor that is described rather than addressed, if any. */
type EngineOf = (
  values: Pick<AdapterValues, 'enginePredictor' | 'predictorFile' | 'predictor'>,
) => EnginePredictor | undefined;

/** What is called, by whichever way of naming it. */
function calledPredictor(
  values: AdapterValues,
  engine: EnginePredictor | undefined,
): Pick<AdapterConfig, 'predictorUrl' | 'transport' | 'model' | 'graph' | 'facts'> | undefined {
  const transport = transportOf(values, engine);
  const { graph, single, facts = noFacts } = engine ?? {};
  if (graph !== undefined && single === undefined) {
    return { predictorUrl: undefined, transport, model: graph.root.name, graph, facts };
  }
  const predictorUrl = values.predictorUrl ?? engineUrl(engine, transport);
  const model = values.model ?? single?.model;
  return predictorUrl && { predictorUrl, transport, model, graph, facts };
}

/** What is asked for and cannot be heeded. */
function graphWarnings(
  { model, logSink }: AdapterValues,
  { graph, single }: EnginePredictor,
  transport: Transport,
): string[] {
  const warnings: string[] = [];
  const nodes = nodesOf(graph.root);
  if (single === undefined && model !== undefined && model !== graph.root.name) {
    warnings.push('MODEL_NAME is not heeded: the nodes of a graph go by their own names');
  }
  const wantGrpc = nodes.filter(({ endpoint }) => endpoint?.transport === 'grpc');
  if (single === undefined && wantGrpc.length > 0) {
    warnings.push(
      `the endpoints of ${namesOf(wantGrpc)} are of type GRPC, but are called over REST, as all nodes of a graph`,
    );
  }
  const logged = nodes.filter(({ logger }) => logger !== undefined);
  if (transport === 'grpc' && logged.length > 0) {
    warnings.push(`payloads of ${namesOf(logged)} are not logged: it is called over gRPC`);
    return warnings;
  }
  const silent = logged.filter(({ logger }) => (logger?.url ?? logSink) === undefined);
  if (silent.length > 0) {
    warnings.push(
      `payloads of ${namesOf(silent)} are not logged: the logger names no url, and REQUEST_LOGGER_DEFAULT_ENDPOINT is not set`,
    );
  }
  return warnings;
}

const namesOf = (nodes: readonly { readonly name: string }[]): string =>
  nodes.map(({ name }) => name).join(', ');

type Annotated = ReturnType<typeof annotatedTimeouts>;

function readAnnotations(
  { podAnnotationsFile }: AdapterValues,
  transport: Transport,
  files: ConfigFiles,
): Annotated {
  try {
    const text = files.readText(podAnnotationsFile) ?? '';
    return annotatedTimeouts(parseAnnotations(text), transport);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const warning = `POD_ANNOTATIONS_FILE cannot be read, and no annotation counts: ${reason}`;
    return { ...annotatedTimeouts(new Map(), transport), warnings: [warning] };
  }
}

const defaultRequestTimeoutMs = 30_000;
const defaultConnectTimeoutMs = 3_000;
const defaultCallRetries = 3;

/** Our own settings win over annotations; an attempt that an annotation allows fits in its request. */
function timeoutsOf(
  values: AdapterValues,
  annotated: Annotated,
): Readonly<Record<Timeouts, number>> {
  const annotatedMs =
    values.attemptTimeoutMs === undefined ? annotated.attemptTimeoutMs : undefined;
  const requestTimeoutMs =
    values.requestTimeoutMs ?? Math.max(defaultRequestTimeoutMs, annotatedMs ?? 0);
  return {
    requestTimeoutMs,
    attemptTimeoutMs: values.attemptTimeoutMs ?? annotatedMs ?? requestTimeoutMs,
    connectTimeoutMs:
      values.connectTimeoutMs ?? annotated.connectTimeoutMs ?? defaultConnectTimeoutMs,
    callRetries: values.callRetries ?? annotated.callRetries ?? defaultCallRetries,
  };
}

const isGrpcUrl = (url: URL): boolean => url.protocol.startsWith('grpc');

function transportOf(
  { transport, predictorUrl }: Pick<AdapterValues, 'transport' | 'predictorUrl'>,
  engine: EnginePredictor | undefined,
): Transport {
  if (predictorUrl !== undefined) return isGrpcUrl(predictorUrl) ? 'grpc' : 'rest';
  if (engine !== undefined && engine.single === undefined) return 'rest';
  return transport ?? engine?.single?.transport ?? 'rest';
}

const engineUrl = (engine: EnginePredictor | undefined, transport: Transport): URL | undefined =>
  transport === 'grpc' ? engine?.single?.grpcUrl : engine?.single?.restUrl;

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
    between: ['predictorUrl', 'enginePredictor', 'predictorFile'],
    problem: ({ predictorUrl, enginePredictor, predictorFile }) => {
      const named = predictorFile === undefined ? enginePredictor : predictorFile;
      if (predictorUrl === undefined && named === undefined) return noPredictor;
      return predictorUrl !== undefined && named !== undefined
        ? `PREDICTOR_URL and ${sourceOf({ predictorFile })} both name the predictor: unset one of them`
        : undefined;
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

/** For messages: what describes the predictor. */
const sourceOf = ({ predictorFile }: Pick<AdapterValues, 'predictorFile'>): string =>
  predictorFile === undefined ? 'ENGINE_PREDICTOR' : 'PREDICTOR_FILE (--file)';

const engineSettings = ['enginePredictor', 'predictorFile', 'predictor'] as const;

/** What must hold between the settings and the predictor that is described, here or in a file. */
function engineConflicts(engineOf: EngineOf): readonly Conflict<typeof adapterSettings>[] {
  return [
    {
      between: ['transport', 'predictorUrl', ...engineSettings],
      problem: (values) => {
        const { transport, predictorUrl } = values;
        const engine = engineOf(values);
        const wanted = transportOf(values, engine);
        const isOther = transport !== undefined && transport !== wanted;
        if (isOther && predictorUrl !== undefined) {
          return `SELDON_TRANSPORT is ${transport}, but PREDICTOR_URL is an address for ${wanted}; write it as ${transport === 'grpc' ? 'grpc:// or grpcs://' : 'http:// or https://'}, or unset SELDON_TRANSPORT`;
        }
        if (isOther) {
          return `SELDON_TRANSPORT is ${transport}, but the nodes of a graph are called over REST alone: unset it`;
        }
        if (engine?.single === undefined || engineUrl(engine, wanted) !== undefined) {
          return undefined;
        }
        return `${sourceOf(values)}: graph.endpoint: expected service_host and ${wanted === 'grpc' ? 'grpcPort (or service_port) for gRPC' : 'httpPort (or service_port) for REST'}`;
      },
    },
    {
      between: ['batchMaxSize', 'transport', 'predictorUrl', ...engineSettings],
      problem: (values) => {
        const engine = engineOf(values);
        if (values.batchMaxSize <= 1) return undefined;
        if (transportOf(values, engine) === 'grpc') {
          return 'BATCH_MAX_SIZE merges JSON requests, but the predictor is called over gRPC: unset it';
        }
        return engine !== undefined && engine.single === undefined
          ? 'BATCH_MAX_SIZE merges requests for one model, and the graph has more to it: unset it'
          : undefined;
      },
    },
    {
      between: ['protocol', 'model', 'transport', 'predictorUrl', ...engineSettings],
      problem: (values) => {
        const { protocol, model, enginePredictor, predictorFile } = values;
        const named = (model ?? enginePredictor ?? predictorFile) !== undefined;
        return protocols[protocol].needsModel && !named && transportOf(values, undefined) === 'rest'
          ? `MODEL_NAME is not set: the ${protocol} protocol names it in its paths`
          : undefined;
      },
    },
    {
      between: ['protocol', ...engineSettings],
      problem: (values) => {
        const { protocol } = values;
        const engine = engineOf(values);
        if (protocol === 'seldon' || engine === undefined) return undefined;
        const units = seldonOnly(engine.graph);
        return units.length > 0
          ? `${sourceOf(values)}: ${units.join(', ')} speaks the seldon protocol alone, not ${protocol}: use a container`
          : undefined;
      },
    },
  ];
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
