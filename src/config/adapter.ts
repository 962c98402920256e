/** The `adapter` command's settings, checked whole, and what follows from them. */

import type { Transport } from '../graph/transport.ts';
import { conflicts, errorTopicOf, noPredictor } from './adapter-rules.ts';
import { type AdapterValues, adapterSettings } from './adapter-settings.ts';
import {
  type CalledPredictor,
  calledPredictor,
  type EngineOf,
  engineConflicts,
  graphWarnings,
} from './called-predictor.ts';
import { takeExecutorFlags } from './executor-flags.ts';
import { kafkaSecurityWarnings } from './kafka-security-rules.ts';
import { type Environment, type Parsed, parseSettings } from './parse.ts';
import { annotatedTimeouts, parseAnnotations } from './pod-annotations.ts';
import { type ConfigFiles, noFiles, readPredictorFile } from './predictor-file.ts';
import { sinkWarnings } from './sink.ts';

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
type Decided = keyof CalledPredictor | 'enginePredictor' | 'predictorFile' | Timeouts;

export interface AdapterConfig
  extends Omit<AdapterValues, Decided>,
    CalledPredictor,
    Readonly<Record<Timeouts, number>> {
  /** Undefined where the Kafka path is off. */
  readonly kafka: KafkaTopics | undefined;
  /** What was set and is not done, for the log. */
  readonly warnings: readonly string[];
}

/** Variables that protect something, or route somewhere, and that this version does not heed. */
const notHeeded = ['SELDON_CERT_MOUNT_PATH'];

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
        ...sinkWarnings(values),
      ],
    }),
  };
}

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
