/**
 * Flags and variables of Seldon's v1 executor that are no settings here: taken, so that its command
 * lines start the adapter unchanged, with a word on what happens instead where that matters.
 * docs/seldon-executor.md compares all of them.
 */

import type { Environment } from './parse.ts';
import { parseGoBoolean } from './setting.ts';

interface ForeignFlag {
  /** As Go has it: the flag alone means true, and a value stands only behind "=". */
  readonly isSwitch?: boolean;
  /** The variable that the executor reads too. */
  readonly env?: string;
  /** @returns what happens instead; undefined where that makes no difference */
  readonly instead: (value: string) => string | undefined;
}

const notTrue = (value: string): boolean => parseGoBoolean(value) !== true;
const rabbit = (): string => 'RabbitMQ is not supported; events come over HTTP and Kafka';
const logTopic = (): string =>
  'payloads are not logged to Kafka; write events to an output topic instead';

/** By their names with dashes. */
export const executorFlags: Readonly<Record<string, ForeignFlag>> = {
  'kafka-auto-commit': {
    isSwitch: true,
    env: 'KAFKA_AUTO_COMMIT',
    instead: () => 'an offset is committed when everything before it is answered',
  },
  'kafka-full-graph': {
    isSwitch: true,
    env: 'KAFKA_FULL_GRAPH',
    instead: (value) =>
      notTrue(value) ? undefined : 'every record is answered by the whole predictor',
  },
  // The health of the predictor is always asked by its protocol.
  'full-health-checks': { isSwitch: true, instead: () => undefined },
  debug: {
    isSwitch: true,
    env: 'SELDON_DEBUG',
    instead: (value) =>
      notTrue(value) ? undefined : 'the log stays JSON; LOG_LEVEL=debug shows more of it',
  },
  hostname: { instead: () => 'nothing here needs the name of the host' },
  config: {
    instead: () =>
      'the adapter does not ask the Kubernetes API; ENGINE_PREDICTOR, PREDICTOR_URL or --file names the predictor',
  },
  // How long a request may wait for a place in the logger's queue: here none waits.
  'log-write-timeout-ms': { instead: () => undefined },
  'log-kafka-broker': { instead: logTopic },
  'log-kafka-topic': { instead: logTopic },
  'rabbitmq-broker': { env: 'RABBITMQ_BROKER_URL', instead: rabbit },
  'rabbitmq-input-queue': { env: 'RABBITMQ_INPUT_QUEUE', instead: rabbit },
  'rabbitmq-output-queue': { env: 'RABBITMQ_OUTPUT_QUEUE', instead: rabbit },
  'rabbitmq-full-graph': { isSwitch: true, env: 'RABBITMQ_FULL_GRAPH', instead: rabbit },
};

const tracing = (): string => 'spans are not sent to it; trace headers are passed on';

/** Variables without a flag. */
const executorVariables: Readonly<Record<string, () => string>> = {
  JAEGER_AGENT_HOST: tracing,
  JAEGER_ENDPOINT: tracing,
  DD_ENABLED: tracing,
};

export interface TakenFlags {
  /** The arguments that remain. */
  readonly args: readonly string[];
  readonly warnings: readonly string[];
  readonly problems: readonly string[];
}

/** Takes the executor's own flags and variables out of a command line. */
export function takeExecutorFlags(args: readonly string[], environment: Environment): TakenFlags {
  const rest: string[] = [];
  const problems: string[] = [];
  const given = new Map<string, string>();
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    const [, name = '', value] = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(arg) ?? [];
    const dashed = name.toLowerCase().replaceAll('_', '-');
    const flag = Object.hasOwn(executorFlags, dashed) ? executorFlags[dashed] : undefined;
    if (flag === undefined) {
      rest.push(arg);
    } else if (flag.isSwitch) {
      given.set(dashed, value ?? 'true');
      if (parseGoBoolean(value ?? 'true') === undefined) {
        problems.push(`--${dashed}: expected true or false`);
      }
    } else if (value === undefined && i + 1 >= args.length) {
      problems.push(`--${dashed} needs a value`);
    } else {
      if (value === undefined) i += 1;
      given.set(dashed, value ?? args[i] ?? '');
    }
  }
  return { args: rest, problems, warnings: warningsOf(given, environment) };
}

function warningsOf(given: ReadonlyMap<string, string>, environment: Environment): string[] {
  const warnings: string[] = [];
  const warn = (where: string, instead: string | undefined): void => {
    if (instead !== undefined) warnings.push(`${where} is not heeded: ${instead}`);
  };
  for (const [name, { env, instead }] of Object.entries(executorFlags)) {
    const flag = given.get(name) ?? '';
    const variable = env === undefined ? '' : (environment[env] ?? '').trim();
    if (flag !== '') warn(`--${name}`, instead(flag));
    else if (env !== undefined && variable !== '') warn(env, instead(variable));
  }
  for (const [name, instead] of Object.entries(executorVariables)) {
    if ((environment[name] ?? '').trim() !== '') warn(name, instead());
  }
  return warnings;
}
