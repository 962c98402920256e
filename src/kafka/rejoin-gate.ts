/**
 * Makes kafkajs wait with rejoining its group until our work is drained and committed.
 *
 * kafkajs rejoins the moment it hears of a rebalance and waits for open batch handlers only; ours
 * return at once, since a slow partition would otherwise hold up all others of its broker. But it
 * asks its partition assigner for the group protocol right before it sends the join, takes a
 * rebalance error thrown there for one from the broker, and tries again a little later. So the
 * assigners throw until we are done (docs/decisions/0006).
 */

import type { PartitionAssigner } from 'kafkajs';

export interface RejoinGateDeps {
  /** Whether records are under way. */
  readonly busy: () => boolean;
  /** Stops new work, waits for what is under way and commits it. */
  readonly drain: () => Promise<void>;
}

export interface RejoinGate {
  /** Puts the gate before an assigner; all that a member offers must stand behind it. */
  readonly guard: (assigner: PartitionAssigner) => PartitionAssigner;
  /** The group was joined: the next rebalance drains anew. */
  readonly joined: () => void;
}

/** The error that kafkajs answers by asking again: see `isRebalancing` in its errors.js. */
const notYet = (): Error =>
  Object.assign(new Error('records under way are answered before the group is joined again'), {
    type: 'REBALANCE_IN_PROGRESS',
  });

/** Makes a gate that is open. */
export function createRejoinGate(deps: RejoinGateDeps): RejoinGate {
  let state: 'open' | 'draining' | 'drained' = 'open';

  const holdUp = (): void => {
    if (state === 'open' && deps.busy()) {
      state = 'draining';
      const drained = (): void => {
        if (state === 'draining') state = 'drained';
      };
      deps.drain().then(drained, drained);
    }
    if (state === 'draining') throw notYet();
  };

  return {
    guard: (createAssigner) => (config) => {
      const inner = createAssigner(config);
      return {
        name: inner.name,
        version: inner.version,
        assign: (group) => inner.assign(group),
        protocol: (subscription) => {
          holdUp();
          return inner.protocol(subscription);
        },
      };
    },
    joined: () => {
      state = 'open';
    },
  };
}
