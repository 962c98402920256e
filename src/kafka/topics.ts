/** Waits until the topics exist, creating them where it is told to, and says what it waits for. */

import type { Admin } from 'kafkajs';
import type { Log } from '../delivery/ports.ts';
import { createTopic, partitionsOf, type TopicCreation, whyMissing } from './topic-creation.ts';

export interface WaitForTopicsDeps {
  readonly admin: Pick<Admin, 'listTopics' | 'createTopics' | 'fetchTopicMetadata'>;
  readonly pause: (delayMs: number) => Promise<void>;
  readonly closed: () => boolean;
  readonly log: Log;
}

export interface TopicToWaitFor {
  readonly name: string;
  /** What it is to us, and the setting that names it: for messages. */
  readonly role: string;
}

const lookAgainMs = 1_000;
/** Ask and say again, so that it stands near the end of any log. */
const remindEvery = 30;

/**
 * Resolves when every topic exists, or we are closed; rejects where Kafka cannot be asked.
 * @param creation how missing topics are made; undefined: by somebody else
 */
export async function waitForTopics(
  topics: readonly TopicToWaitFor[],
  deps: WaitForTopicsDeps,
  creation?: TopicCreation,
): Promise<void> {
  for (let round = 0; !deps.closed(); round += 1) {
    const existing = new Set(await deps.admin.listTopics());
    const missing = topics.filter(({ name }) => !existing.has(name));
    if (missing.length === 0) break;
    if (round % remindEvery === 0) {
      const reasons: string[] = [];
      for (const topic of missing) {
        const reason = await reasonFor(topic, deps, creation);
        if (reason !== undefined) reasons.push(`${topic.name} (${topic.role}) ${reason}`);
      }
      if (reasons.length > 0) {
        const names = missing.map(({ name }) => name);
        deps.log.warn({ missing: names }, `waiting for topics: ${reasons.join('; ')}`);
      }
    }
    await deps.pause(lookAgainMs);
  }
  await warnOfFewPartitions(topics, deps, creation);
}

/** @returns why it is not there; undefined where it will be in a moment */
async function reasonFor(
  { name, role }: TopicToWaitFor,
  { admin, log }: WaitForTopicsDeps,
  creation: TopicCreation | undefined,
): Promise<string | undefined> {
  if (creation === undefined) return whyMissing(admin, name);
  const created = await createTopic(admin, name, creation);
  if (created.kind === 'refused') return created.reason;
  if (created.kind === 'created')
    log.info({ topic: name, ...creation }, `created ${name} (${role})`);
  return undefined;
}

/** Adding partitions would change where keys go, so that is left to who owns the topic. */
async function warnOfFewPartitions(
  topics: readonly TopicToWaitFor[],
  { admin, closed, log }: WaitForTopicsDeps,
  creation: TopicCreation | undefined,
): Promise<void> {
  const wanted = creation?.numPartitions;
  if (wanted === undefined || closed()) return;
  for (const { name, role } of topics) {
    const found = await partitionsOf(admin, name);
    if (found >= wanted) continue;
    log.warn(
      { topic: name, partitions: found, wanted },
      `${name} (${role}) has ${found} partitions, fewer than KAFKA_NUM_PARTITIONS asks for: it is used as it is; add partitions to it where order by key does not matter`,
    );
  }
}
