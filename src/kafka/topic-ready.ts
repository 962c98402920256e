/** Waits until a topic can be written to, or the waiting is called off. */

import type { Kafka } from 'kafkajs';
import type { Log, Schedule } from '../delivery/ports.ts';
import type { BatchLimits } from './batched-sender.ts';
import { learnLimits } from './message-size.ts';
import { waitForTopics } from './topics.ts';
import type { Trouble } from './trouble.ts';

export interface TopicReadyOptions {
  readonly kafka: Kafka;
  readonly brokers: readonly string[];
  readonly topic: string;
  /** The setting that names the topic, for messages. */
  readonly topicRole: string;
}

export interface TopicReadyDeps {
  readonly signal: AbortSignal;
  readonly schedule: Schedule;
  readonly trouble: Trouble;
  /** Tells the user. */
  readonly print: (line: string) => void;
}

const lookAgainMs = 1_000;

/** Resolves when the topic exists and its limits are known, or `signal` calls it off. */
export async function topicReady(
  { kafka, brokers, topic, topicRole }: TopicReadyOptions,
  limits: BatchLimits,
  { signal, schedule, trouble, print }: TopicReadyDeps,
): Promise<void> {
  const admin = kafka.admin();
  const pause = (delayMs: number) => interruptible(delayMs, schedule, signal);
  const log = logTo(print);
  const closed = (): boolean => signal.aborted;
  while (!closed()) {
    try {
      await admin.connect();
      trouble.over(`Kafka at ${brokers.join(', ')} can be reached.`);
      await waitForTopics([{ name: topic, role: topicRole }], { admin, pause, closed, log });
      await learnLimits(admin, topic, limits);
      break;
    } catch (error) {
      const { message } = error as Error;
      const line = `Kafka at ${brokers.join(', ')} cannot be reached: ${message}. Trying again.`;
      if (!closed()) trouble.say(line, message);
      await pause(lookAgainMs);
    }
  }
  await admin.disconnect().catch(() => undefined);
}

/** Only what waits for the user is told. */
const logTo = (print: (line: string) => void): Log => {
  const ignore = (): void => undefined;
  const tell = (_fields: object, message: string): void =>
    print(`${message.charAt(0).toUpperCase()}${message.slice(1)}.`);
  return { debug: ignore, info: ignore, warn: tell, error: tell };
};

const interruptible = (delayMs: number, schedule: Schedule, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = schedule(delayMs, finish);
    if (signal.aborted) finish();
    else signal.addEventListener('abort', finish);
  });
