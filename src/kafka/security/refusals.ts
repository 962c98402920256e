/**
 * What brokers refused, and when each may be asked again.
 *
 * R1 A broker that refused our credentials is left alone for a while that doubles with each
 *    refusal: accounts are locked, and brokers slowed down, by clients that keep on trying.
 * R2 Other credentials are tried at once.
 * R3 Every refusal is told once, with what was shown and to whom.
 */

import { backoffMs } from '../../delivery/backoff.ts';
import type { Log, Now, Random } from '../../delivery/ports.ts';

export interface RefusalsDeps {
  /** Stands for the credentials of now: it is another one when they are. Kept in memory only. */
  readonly fingerprint: () => string;
  /** For the log: protocol, mechanism and user. */
  readonly shown: () => object;
  readonly now: Now;
  readonly random: Random;
  readonly log: Log;
}

export interface Refusals {
  /** @returns why the broker may not be asked now; undefined where it may */
  readonly standing: (broker: string) => string | undefined;
  readonly refused: (broker: string, reason: string) => void;
  readonly taken: (broker: string) => void;
}

interface Refusal {
  readonly fingerprint: string;
  readonly reason: string;
  readonly count: number;
  readonly untilMs: number;
}

const refusalBackoff = { baseMs: 2_000, maxMs: 30_000 };

/** Starts with nothing refused. */
export function createRefusals(deps: RefusalsDeps): Refusals {
  const { now, log } = deps;
  // One entry for each broker of the cluster.
  const byBroker = new Map<string, Refusal>();
  return {
    standing: (broker) => {
      const refusal = byBroker.get(broker);
      if (refusal === undefined || now() >= refusal.untilMs) return undefined;
      return refusal.fingerprint === deps.fingerprint() ? refusal.reason : undefined;
    },
    refused: (broker, reason) => {
      const fingerprint = deps.fingerprint();
      const before = byBroker.get(broker);
      const count = before?.fingerprint === fingerprint ? before.count + 1 : 1;
      const retryInMs = Math.round(backoffMs(count, refusalBackoff, deps.random));
      byBroker.set(broker, { fingerprint, reason, count, untilMs: now() + retryInMs });
      log.error(
        { broker, ...deps.shown(), reason, attempt: count, retryInMs },
        'cannot authenticate to the Kafka broker: check credentials and certificates; changed files are taken without a restart',
      );
    },
    taken: (broker) => {
      if (!byBroker.delete(broker)) return;
      log.info({ broker, ...deps.shown() }, 'authenticated to the Kafka broker again');
    },
  };
}
