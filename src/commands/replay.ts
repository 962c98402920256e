/** `replay`: sends an error topic's records back to the topics they came from. */

import {
  type Moment,
  parseReplayConfig,
  type ReplayConfig,
  replaySettings,
} from '../config/replay.ts';
import type { ReplayFilter } from '../delivery/replay-record.ts';
import { createKafkaClient } from '../kafka/client.ts';
import { startReplay } from '../kafka/replay.ts';
import { schedule, wallClock } from './clock.ts';
import type { Command, CommandContext, Running } from './command.ts';
import { kafkaSecurityOf, kafkaSecurityProblems } from './kafka-security.ts';

export const replay: Command = {
  name: 'replay',
  summary: 'sends records of an error topic back to the topics they came from',
  settings: replaySettings,
  examples: [
    [
      'seldon-eventing replay --kafka-broker 127.0.0.1:9092 --topic out.errors --dry-run',
      'prints what would be sent: where each record stands, what failed, its key; never its payload',
    ],
    [
      'seldon-eventing replay --kafka-broker 127.0.0.1:9092 --topic out.errors \\\n      --fault transient,deployment --since 2h',
      'sends back what failed by a fault of the predictor within two hours; exit code 0 if all went',
    ],
    [
      'seldon-eventing replay --kafka-broker 127.0.0.1:9092 --topic out.errors \\\n      --code PREDICTOR_REFUSED --group mended --limit 100',
      'sends back a hundred records; run again, the next hundred',
    ],
  ],
  start: async (context) => {
    const parsed = parseReplayConfig(context.args, context.environment);
    if (!parsed.ok) return { kind: 'wrong-settings', problems: parsed.problems };
    const config = parsed.values;
    const filter = filterOf(config, wallClock());
    const problems = [...kafkaSecurityProblems(config), ...filterProblems(filter)];
    if (problems.length > 0) return { kind: 'wrong-settings', problems };
    return { kind: 'running', running: start(config, filter, context) };
  },
};

function filterOf({ faults, codes, since, until }: ReplayConfig, nowMs: number): ReplayFilter {
  const atMs = (moment: Moment | undefined): number | undefined =>
    moment?.kind === 'ago' ? nowMs - moment.agoMs : moment?.atMs;
  return {
    faults: new Set(faults),
    codes: new Set(codes),
    sinceMs: atMs(since),
    untilMs: atMs(until),
  };
}

const filterProblems = ({ sinceMs = -Infinity, untilMs = Infinity }: ReplayFilter): string[] =>
  sinceMs < untilMs
    ? []
    : ['REPLAY_SINCE is not before REPLAY_UNTIL: no record could be asked for'];

function start(config: ReplayConfig, filter: ReplayFilter, { print }: CommandContext): Running {
  const { brokers, topic, group, limit = Infinity } = config;
  const { compression, requestTimeoutMs, sessionTimeoutMs } = config;
  const isDryRun = config.dryRun === 'true';
  print(`Reading topic ${topic} at ${brokers.join(', ')}.`);
  const security = kafkaSecurityOf(config, silent);
  const client = { brokers, clientId, requestTimeoutMs, compression, security };
  // While it waits to try again nothing else may keep the process alive.
  const alive = setInterval(() => undefined, 60_000);
  const { done, stop } = startReplay(
    { topic, group, filter, limit, isDryRun, sessionTimeoutMs },
    { kafka: createKafkaClient(client, silent), schedule, random: Math.random, print },
  );
  const ended = done.then((ok) => {
    clearInterval(alive);
    return ok ? 0 : 1;
  });
  return { done: ended, stop };
}

const clientId = 'seldon-eventing.replay';

const ignore = (): void => undefined;
/** What kafkajs logs is told in our own words. */
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };
