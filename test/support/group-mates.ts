/**
 * Consumers of other make that share a group with us: librdkafka's, by kcat (kcat.ts), and Java's, by Kafka's
 * own console tools, which come in a jar of their own that is fetched once beside the broker's.
 */

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { kafkaCacheDir, kafkaVersion } from '../../src/demo/kafka-install.ts';
import { runProgram, startProgram } from '../../src/demo/programs.ts';

export interface GroupMate {
  /** The values of the records that it has read. */
  readonly values: () => string[];
  /** It leaves the group, and commits what it has read. */
  readonly end: () => Promise<void>;
}

export interface GroupMateOptions {
  readonly broker: string;
  readonly topic: string;
  readonly group: string;
}

export type StartGroupMate = (options: GroupMateOptions) => GroupMate;

const jars = kafkaCacheDir(process.env['XDG_CACHE_HOME']);
const toolsDir = `${jars}-tools`;
const toolsJar = join(toolsDir, `kafka-tools-${kafkaVersion}.jar`);

/** Whether Kafka's console tools are missing and cannot be fetched; throws instead with CI=true. */
export async function javaToolsMissing(): Promise<boolean> {
  try {
    await installTools();
    return false;
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    process.stderr.write(`skipped: ${error instanceof Error ? error.message : error}\n`);
    return true;
  }
}

async function installTools(): Promise<void> {
  if (existsSync(toolsJar)) return;
  await mkdir(toolsDir, { recursive: true });
  const work = await mkdtemp(join(toolsDir, 'partial-'));
  try {
    const lines: string[] = [];
    const args = [
      '-B',
      'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy',
      `-Dartifact=org.apache.kafka:kafka-tools:${kafkaVersion}`,
      `-DoutputDirectory=${work}`,
    ];
    const { code } = await runProgram('mvn', args, (line) => lines.push(line));
    if (code !== 0)
      throw new Error(
        `Maven (apt-get install maven) could not fetch kafka-tools:\n${lines.join('\n')}`,
      );
    await rename(join(work, `kafka-tools-${kafkaVersion}.jar`), toolsJar);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** A librdkafka consumer in the group. */
export const startKcat: StartGroupMate = ({ broker, topic, group }) =>
  startMate('kcat', [
    ...['-b', broker, '-G', group, '-u', '-q', '-f', '%s\\n'],
    ...['-X', 'auto.offset.reset=earliest', '-X', 'session.timeout.ms=6000', topic],
  ]);

/** A Java consumer in the group. */
export const startConsoleConsumer: StartGroupMate = ({ broker, topic, group }) =>
  startMate('java', [
    ...['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', `${join(jars, '*')}:${toolsJar}`],
    'org.apache.kafka.tools.consumer.ConsoleConsumer',
    ...['--bootstrap-server', broker, '--topic', topic, '--group', group, '--from-beginning'],
  ]);

function startMate(name: string, args: readonly string[]): GroupMate {
  const { child, ended } = startProgram(name, args, ['ignore', 'pipe', 'ignore']);
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  return {
    values: () => output.split('\n').slice(0, -1),
    end: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
