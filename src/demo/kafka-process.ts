/** One run of a Kafka broker's process, from its start to its end. */

import { closeSync, openSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Program, type ProgramExit, startProgram } from './programs.ts';

export interface RunKafkaOptions {
  readonly jars: string;
  /** Holds server.properties; the broker's log is written beside it. */
  readonly dir: string;
  readonly port: number;
  readonly jvmOptions: readonly string[];
}

export interface KafkaProcess {
  readonly pid: number;
  hasEnded(): boolean;
  /** Sends the signal where it still runs, and waits for the end. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** A loaded machine took 24 s. */
const startTimeoutMs = 60_000;
/** Orderly, it takes 2 s; after this it is killed, which loses nothing that was acknowledged. */
const stopTimeoutMs = 20_000;

const memory = ['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC'];
const logging = [
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
];

/** Starts the broker; resolves when it takes connections and its controller has let it in. */
export async function runKafka(options: RunKafkaOptions): Promise<KafkaProcess> {
  const { jars, dir, port, jvmOptions } = options;
  const logFile = join(dir, 'broker.log');
  const log = openSync(logFile, 'a');
  const logStart = statSync(logFile).size;
  const flags = [...memory, ...logging, ...jvmOptions, '-cp', join(jars, '*')];
  const args = [...flags, 'kafka.Kafka', join(dir, 'server.properties')];
  const program = startProgram('java', args, ['ignore', log, log]);
  closeSync(log);
  let exit: ProgramExit | undefined;
  program.ended.then(
    (ended) => (exit = ended),
    () => (exit = { code: null, signal: null }),
  );
  const readLog = async () => (await readFile(logFile)).subarray(logStart).toString('utf8');
  const deadline = performance.now() + startTimeoutMs;
  while (!((await readLog()).includes('Kafka Server started') && (await accepts(port)))) {
    const late = performance.now() > deadline;
    if (exit !== undefined || late) {
      await end(program, 'SIGKILL');
      const why = late ? `was not ready within ${startTimeoutMs} ms` : 'ended while it started';
      throw new Error(`the Kafka broker ${why}; its last lines:\n${lastLines(await readLog())}`);
    }
    await sleep(50);
  }
  const pid = program.child.pid ?? 0;
  return { pid, hasEnded: () => exit !== undefined, end: (signal) => end(program, signal) };
}

async function end({ child, ended }: Program, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal);
  const killLater = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  // A program that could not be started has ended too.
  await ended.catch(() => undefined);
  clearTimeout(killLater);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const answer = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}

/** What tells most: errors and warnings without their stack traces, else just the end. */
function lastLines(log: string): string {
  const lines = log.trimEnd().split('\n');
  const telling = lines.filter((line) => !/ (INFO|DEBUG) |^\s+(at|\.\.\.) /.test(line));
  return (telling.length > 0 ? telling : lines).slice(-20).join('\n');
}
