/** Before a rebalance: what is under way is answered and committed, while the group waits for us. */

import type { Committer } from '../delivery/committer.ts';
import type { Pipeline } from '../delivery/pipeline.ts';
import type { Schedule } from '../delivery/ports.ts';
import type { GroupMember } from './group-member.ts';

export interface DrainDeps {
  readonly pipeline: Pipeline;
  readonly committer: Committer;
  readonly member: () => GroupMember | undefined;
  readonly schedule: Schedule;
}

const heartbeatMs = 1_000;

/**
 * @param timeoutMs how long work under way may take
 * @returns a function that stops new work and resolves when the rest is answered and committed, or
 *   its time is up; heartbeats go on meanwhile, since kafkajs sends none while it is held up
 */
export function createDrain(timeoutMs: number, deps: DrainDeps): () => Promise<void> {
  return async () => {
    deps.pipeline.halt();
    let done = false;
    const beat = (): void => {
      if (done) return;
      // The group answers that it is rebalancing, which we know; it counts as a sign of life.
      deps
        .member()
        ?.heartbeat()
        .catch(() => undefined);
      deps.schedule(heartbeatMs, beat);
    };
    beat();
    await deps.pipeline.settled(timeoutMs);
    await deps.committer.flush();
    done = true;
  };
}
