/**
 * One leader among several instances, by a Lease (`coordination.k8s.io/v1`), as client-go elects.
 *
 * L1 Work is called off `renewDeadlineMs` after the last renewal was sent, by our own clock; others
 *    take the lease no earlier than `leaseMs` after they saw that renewal, by theirs.
 * L2 No clock is compared with another's: only how long a record has stayed the same counts.
 * L3 Every write names the version it saw, so two can never both win.
 */

import { backoffMs } from '../delivery/backoff.ts';
import type { Log, Now, Random, Schedule } from '../delivery/ports.ts';
import { isApiError, isConflict, isOutage } from './api-error.ts';
import type { KubernetesClient } from './calls.ts';
import type { KubeObject } from './kube-object.ts';
import { heldLease, leaseRef, newLease, readLease, releasedLease } from './lease.ts';
import { pause } from './pause.ts';

export interface LeaderElectionOptions {
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** Unlike any other process's, a restart of this one included. */
  readonly identity: string;
  /** How long others wait for a renewal; 15,000. */
  readonly leaseMs?: number;
  /** How long the leader goes on without one; less than `leaseMs`; 10,000. */
  readonly renewDeadlineMs?: number;
  /** Between tries; 2,000. */
  readonly retryMs?: number;
}

export interface LeaderElectionDeps {
  readonly client: Pick<KubernetesClient, 'get' | 'create' | 'replace'>;
  readonly clock: {
    readonly now: Now;
    /** Ms since 1970, for the timestamps that people read. */
    readonly wallClock: () => number;
  };
  readonly schedule: Schedule;
  readonly random: Random;
  readonly log: Log;
  readonly count?: (event: 'acquired' | 'lost' | 'released' | 'renewal_failed') => void;
}

export interface LeaderElection {
  /**
   * Contends until closed. Calls `onLead` at each election; its signal is aborted when leadership
   * ends, upon which it must stop at once and settle. Should it settle before, or throw, leadership is given up
   * and contended for again. Resolves once closed.
   */
  readonly run: (onLead: (signal: AbortSignal) => Promise<void>) => Promise<void>;
  /** Stops the work, then gives the lease back, so that another need not wait. Idempotent. */
  readonly close: () => Promise<void>;
  /** By the clock, not by a timer: false as soon as the deadline has passed. Ask before a write. */
  readonly isLeader: () => boolean;
  /** Who holds the lease as far as we know. */
  readonly leader: () => string | undefined;
}

/** client-go's. */
const defaults = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

/** Giving the lease back only spares others the wait: no reason to be late. */
const releaseTimeoutMs = 3_000;

/** @throws RangeError where the durations do not fit each other */
export function createLeaderElection(
  options: LeaderElectionOptions,
  deps: LeaderElectionDeps,
): LeaderElection {
  const { namespace, name, identity } = options;
  const { leaseMs, renewDeadlineMs, retryMs } = durationsOf(options);
  const { client, schedule, random, log } = deps;
  const { now, wallClock } = deps.clock;
  const count = deps.count ?? (() => {});
  const ref = leaseRef(namespace, name);
  const about = { lease: `${namespace}/${name}`, identity };
  const closing = new AbortController();
  /** The lease as we last saw it, and since when it has been so. */
  let seen: { readonly lease: KubeObject; readonly at: number } | undefined;
  /** When the last successful renewal was sent. */
  let renewedAt = Number.NEGATIVE_INFINITY;
  let leading: AbortController | undefined;
  let running: Promise<void> | undefined;

  const versionOf = (lease: KubeObject | undefined) => lease?.metadata.resourceVersion;

  const see = (lease: KubeObject): void => {
    const before = seen === undefined ? undefined : readLease(seen.lease).holder;
    if (seen === undefined || versionOf(seen.lease) !== versionOf(lease)) {
      seen = { lease, at: now() };
    }
    const { holder } = readLease(lease);
    if (holder !== before)
      log.info({ ...about, holder: holder ?? null }, 'the lease has a new holder');
  };

  /** Whether another may still be at work under this lease. */
  const isHeld = (lease: KubeObject): boolean => {
    const { holder, durationMs } = readLease(lease);
    if (holder === undefined || holder === identity || seen === undefined) return false;
    return now() < seen.at + (durationMs ?? leaseMs);
  };

  /** @returns the lease; undefined where there is none */
  const look = async (timeoutMs: number): Promise<KubeObject | undefined> => {
    const lease = await client.get(ref, { timeoutMs, signal: closing.signal });
    if (lease === undefined) seen = undefined;
    else see(lease);
    return lease;
  };

  /** @returns whether the lease is ours, renewed. @throws KubernetesApiError where nobody can know */
  const take = async (timeoutMs: number): Promise<boolean> => {
    const known = leading === undefined ? undefined : seen?.lease;
    const lease = known ?? (await look(timeoutMs));
    if (lease !== undefined && isHeld(lease)) return false;
    const sentAt = now();
    const sent = { timeoutMs };
    try {
      const taken =
        lease === undefined
          ? await client.create(newLease(ref, identity, leaseMs, wallClock()), sent)
          : await client.replace(heldLease(lease, identity, leaseMs, wallClock()), sent);
      see(taken);
      renewedAt = sentAt;
      return true;
    } catch (error) {
      // Gone, or changed since we saw it: look again, and see who has it.
      if (!isConflict(error) && !isApiError(error, 404)) throw error;
      const found = await look(timeoutMs);
      if (leading === undefined || found === undefined) return false;
      if (readLease(found).holder !== identity) return false;
      throw error;
    }
  };

  const deadline = (): number => renewedAt + renewDeadlineMs;

  /** Renews until leadership ends, for whatever reason, and aborts `work`. */
  const keep = async (work: AbortController): Promise<void> => {
    const lose = (reason: string): void => {
      if (work.signal.aborted) return;
      count('lost');
      log.warn({ ...about, reason }, 'leadership is lost: work is called off');
      work.abort();
    };
    const watchdog = (): (() => void) =>
      schedule(Math.max(0, deadline() - now()), () => lose('the lease was not renewed in time'));
    let callOff = watchdog();
    while (!work.signal.aborted) {
      await pause(retryMs, work.signal, schedule);
      if (work.signal.aborted) break;
      try {
        // Half of the deadline, so that one request that hangs leaves time for another.
        if (await take(renewDeadlineMs / 2)) {
          callOff();
          callOff = watchdog();
        } else lose('another holds the lease');
      } catch (error) {
        count('renewal_failed');
        log.warn({ err: error, ...about }, 'the lease was not renewed; trying again');
      }
      if (now() >= deadline()) lose('the lease was not renewed in time');
    }
    callOff();
  };

  const release = async (): Promise<void> => {
    if (seen === undefined || readLease(seen.lease).holder !== identity) return;
    try {
      const timeoutMs = releaseTimeoutMs;
      see(await client.replace(releasedLease(seen.lease, wallClock()), { timeoutMs }));
      count('released');
    } catch (error) {
      log.info({ err: error, ...about }, 'the lease was not given back: it ends by itself');
    }
  };

  const lead = async (onLead: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    const work = new AbortController();
    const stop = (): void => work.abort();
    leading = work;
    closing.signal.addEventListener('abort', stop, { once: true });
    if (closing.signal.aborted) stop();
    count('acquired');
    log.info(about, 'leading');
    const kept = keep(work);
    try {
      if (!work.signal.aborted) await onLead(work.signal);
    } catch (error) {
      log.error({ err: error, ...about }, 'the work of the leader failed: leadership is given up');
    }
    const inOrder = !work.signal.aborted || closing.signal.aborted;
    stop();
    await kept;
    closing.signal.removeEventListener('abort', stop);
    leading = undefined;
    // Only now: nothing of the work goes on under another's lease.
    if (inOrder) await release();
  };

  const contend = async (onLead: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    for (let failures = 0; !closing.signal.aborted; ) {
      let delayMs = retryMs * (1 + 0.2 * random());
      try {
        const won = await take(renewDeadlineMs / 2);
        failures = 0;
        if (won) await lead(onLead);
      } catch (error) {
        failures += 1;
        // An outage is polled, so that a leader is there soon after it; a refusal (403) is not.
        if (!isOutage(error)) {
          delayMs = backoffMs(failures, { baseMs: retryMs, maxMs: leaseMs }, random);
        }
        const retryInMs = Math.round(delayMs);
        log.warn({ err: error, ...about, retryInMs }, 'the lease cannot be had; trying again');
      }
      await pause(delayMs, closing.signal, schedule);
    }
  };

  return {
    run: (onLead) => {
      running ??= contend(onLead);
      return running;
    },
    close: async () => {
      closing.abort();
      await running;
    },
    isLeader: () => leading !== undefined && !leading.signal.aborted && now() < deadline(),
    leader: () => (seen === undefined ? undefined : readLease(seen.lease).holder),
  };
}

function durationsOf(options: LeaderElectionOptions) {
  const {
    leaseMs = defaults.leaseMs,
    renewDeadlineMs = defaults.renewDeadlineMs,
    retryMs = defaults.retryMs,
  } = options;
  // Of the lease whole seconds are written; two tries have to fit before the deadline.
  if (leaseMs < 1_000 || renewDeadlineMs >= leaseMs || retryMs * 2 > renewDeadlineMs) {
    throw new RangeError(
      `leader election: leaseMs ${leaseMs} must be at least 1000 and over renewDeadlineMs ${renewDeadlineMs}, which must be at least twice retryMs ${retryMs}`,
    );
  }
  return { leaseMs, renewDeadlineMs, retryMs };
}
