/**
 * A real Apache Kafka broker on loopback, for tests and for `demo --kafka`.
 *
 * 1. Port, folder and everything that was acknowledged outlive `stop`, `kill` and `start`.
 * 2. When `start` resolves, the broker accepts and is no longer fenced.
 * 3. No broker outlives this process (programs.ts), and `close` leaves nothing behind.
 */

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from './free-port.ts';
import { installKafka, kafkaCacheDir } from './kafka-install.ts';
import { type KafkaProcess, runKafka } from './kafka-process.ts';
import { kafkaProperties } from './kafka-properties.ts';
import { runProgram } from './programs.ts';

export interface KafkaBrokerOptions {
  /** Takes a line of progress at a time. */
  readonly say: (line: string) => void;
  /** Where its data goes: kept by `close`. Without it a temporary folder, which `close` deletes. */
  readonly dir?: string | undefined;
  /** Default: one that is free. */
  readonly port?: number | undefined;
  readonly controllerPort?: number | undefined;
  /** See kafka-properties.ts: more listeners, several brokers, other limits. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** For the JVM, such as the `-D` that OAUTHBEARER needs. */
  readonly jvmOptions?: readonly string[] | undefined;
  /** For `StorageTool format`, such as `--add-scram` and its user. */
  readonly formatOptions?: readonly string[] | undefined;
  /** Default: {@link kafkaCacheDir}. */
  readonly cacheDir?: string | undefined;
}

export interface KafkaBroker {
  /** `host:port` of the plaintext listener, as Kafka clients take them. */
  readonly brokers: string[];
  readonly dir: string;
  /** Of the process that runs now, or ran last. */
  readonly pid: number;
  /** Lets it shut down in an orderly way (SIGTERM), and waits. */
  stop(): Promise<void>;
  /** Takes it away as a crash would (SIGKILL), and waits. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data; nothing to do where it runs. */
  start(): Promise<void>;
  /** Stops it for good and deletes its temporary folder. */
  close(): Promise<void>;
}

/** The same for every broker, so that several can form one cluster. */
const clusterId = 'c2VsZG9uLWV2ZW50aW5n';

/** Installs Kafka where it is not there yet, and starts a broker that is ready when this resolves. */
export async function startKafkaBroker(options: KafkaBrokerOptions): Promise<KafkaBroker> {
  const { say, jvmOptions = [], cacheDir = kafkaCacheDir() } = options;
  const jars = await installKafka({ cacheDir, say });
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'seldon-eventing-kafka-')));
  const clean = async () => {
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  };
  const port = options.port ?? (await findFreePort());
  const run = () => runKafka({ jars, dir, port, jvmOptions });
  let current: KafkaProcess;
  try {
    await format(jars, dir, { ...options, port });
    current = await run();
  } catch (error) {
    await clean();
    throw error;
  }
  let closing: Promise<void> | undefined;
  const close = async () => {
    await current.end('SIGTERM');
    await clean();
  };
  return {
    brokers: [`127.0.0.1:${port}`],
    dir,
    get pid() {
      return current.pid;
    },
    stop: () => current.end('SIGTERM'),
    kill: () => current.end('SIGKILL'),
    async start() {
      if (closing !== undefined) throw new Error('the Kafka broker has been closed');
      if (current.hasEnded()) current = await run();
    },
    close: () => (closing ??= close()),
  };
}

/** Writes server.properties, and on the first start the empty data folder. */
async function format(
  jars: string,
  dir: string,
  options: KafkaBrokerOptions & { readonly port: number },
): Promise<void> {
  const { port, controllerPort = await findFreePort(), properties, formatOptions = [] } = options;
  const logDir = join(dir, 'data');
  const file = join(dir, 'server.properties');
  await mkdir(dir, { recursive: true });
  await writeFile(file, kafkaProperties({ port, controllerPort, logDir, properties }));
  if (existsSync(join(logDir, 'meta.properties'))) return;
  const args = ['format', '-t', clusterId, '-c', file, ...formatOptions];
  const lines: string[] = [];
  const java = ['-cp', join(jars, '*'), '-XX:TieredStopAtLevel=1', 'kafka.tools.StorageTool'];
  const { code } = await runProgram('java', [...java, ...args], (line) => lines.push(line));
  if (code !== 0) throw new Error(`Kafka could not format ${logDir}:\n${lines.join('\n')}`);
}
