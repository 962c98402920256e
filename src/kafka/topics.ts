/** Waits until the topics exist, saying which it waits for and what to do. */

import type { Admin } from 'kafkajs';
import type { Log } from '../delivery/ports.ts';

export interface WaitForTopicsDeps {
  readonly admin: Pick<Admin, 'listTopics'>;
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
/** Say again what is waited for, so that it stands near the end of any log. */
const remindEvery = 30;

/** Resolves when every topic exists, or we are closed; rejects where Kafka cannot be asked. */
export async function waitForTopics(
  topics: readonly TopicToWaitFor[],
  deps: WaitForTopicsDeps,
): Promise<void> {
  for (let round = 0; !deps.closed(); round += 1) {
    const existing = new Set(await deps.admin.listTopics());
    const missing = topics.filter(({ name }) => !existing.has(name));
    if (missing.length === 0) return;
    if (round % remindEvery === 0) {
      const names = missing.map(({ name, role }) => `${name} (${role})`).join(', ');
      deps.log.warn(
        { missing: missing.map(({ name }) => name) },
        `waiting for topics that do not exist: ${names}; create them, or correct the settings`,
      );
    }
    await deps.pause(lookAgainMs);
  }
}
