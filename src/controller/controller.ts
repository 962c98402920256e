/**
 * The controller: caches that are always up to date, and a queue that works only while this replica
 * leads.
 *
 * Every replica keeps its caches, so that who takes over begins at once.
 */

import type { BackoffOptions } from '../delivery/backoff.ts';
import type { Log, Now, Random, Schedule } from '../delivery/ports.ts';
import { KubernetesApiError } from '../kubernetes/api-error.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import type { EventRecorder } from '../kubernetes/events.ts';
import type { LeaderElection } from '../kubernetes/leader-election.ts';
import { createWorkQueue, type WorkQueue } from '../kubernetes/work-queue.ts';
import { assembleReconcile } from './assemble-reconcile.ts';
import { type Caches, createCaches } from './caches.ts';
import { withCertificateLooks } from './certificate-looks.ts';
import type { ControllerMode } from './kinds.ts';
import { createLiveness } from './liveness.ts';
import type { Reconcile } from './reconcile.ts';
import type { RenderSettings } from './render/rendered.ts';
import { isUnanswered } from './server-answers.ts';
import { createTriggers } from './triggers.ts';
import { createWriter } from './writer.ts';

export interface ControllerOptions {
  readonly mode: ControllerMode;
  /** Undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  readonly workers: number;
  readonly resyncMs: number;
  /** How often the authorities of certificates are looked at. */
  readonly certificateCheckMs: number;
  readonly rendering: RenderSettings;
}

export interface ControllerMeters {
  readonly reconciled: (result: string, seconds: number) => void;
  readonly failed: (reason: string) => void;
  readonly waited: (seconds: number) => void;
  readonly watched: (kind: string, event: string) => void;
  readonly wrote: (kind: string, verb: string) => void;
}

export interface ControllerDeps {
  readonly client: KubernetesClient;
  /** Undefined: this is the only replica. */
  readonly election: LeaderElection | undefined;
  readonly recorder: EventRecorder;
  readonly schedule: Schedule;
  readonly now: Now;
  readonly random: Random;
  readonly wallClock: () => number;
  readonly log: Log;
  readonly meters: ControllerMeters;
}

export interface Controller {
  readonly start: () => void;
  /** Stops the work, gives the leadership back, closes what is open. Idempotent. */
  readonly close: () => Promise<void>;
  /** What stands still; undefined where nothing does. */
  readonly stuck: () => string | undefined;
  /** Whether the caches are filled. */
  readonly synced: () => boolean;
  /** What each part says of itself. */
  readonly parts: () => Readonly<Record<string, string>>;
  readonly isLeader: () => boolean;
  /** SeldonDeployments waiting for their reconcile. */
  readonly depth: () => number;
}

const backoff: BackoffOptions = { baseMs: 200, maxMs: 60_000 };
/** While nothing answers: acted upon soon after it does again. */
const outageRetryMs = 1_500;
/** How often it is looked whether the caches are filled. */
const syncCheckMs = 50;

export function createController(options: ControllerOptions, deps: ControllerDeps): Controller {
  const { client, election, log, meters, now, random, schedule } = deps;
  let queue: WorkQueue | undefined;
  let leading: AbortSignal | undefined;
  let closing: Promise<void> | undefined;

  const isLeader = (): boolean =>
    leading !== undefined && !leading.aborted && (election?.isLeader() ?? true);
  const caches = createCaches(options, {
    client,
    schedule,
    now,
    random,
    log,
    changed: (key) => queue?.add(key),
    count: meters.watched,
  });
  const liveness = createLiveness({ now, watchIdleMs: caches.idleMs });
  const writer = createWriter({ client, mayWrite: isLeader, wrote: meters.wrote });
  const triggers = createTriggers({ client, writer, schedule, log });

  const measured =
    (reconcile: Reconcile): Reconcile =>
    async (key) => {
      const began = now();
      const ended = liveness.began(key);
      let result = 'failed';
      try {
        const again = await reconcile(key);
        result = again === undefined ? 'ok' : 'waiting';
        return again;
      } catch (error) {
        meters.failed(error instanceof KubernetesApiError ? error.reason : 'Internal');
        // The watches have told of it already, and nobody's fault must make a key wait long.
        if (isUnanswered(error)) return { requeueAfterMs: outageRetryMs * (1 + random()) };
        throw error;
      } finally {
        ended();
        meters.reconciled(result, (now() - began) / 1_000);
      }
    };

  const lead = async (signal: AbortSignal): Promise<void> => {
    leading = signal;
    if (!(await until(caches.synced, signal, schedule))) return;
    log.info({ mode: options.mode, seldonDeployments: caches.keys().length }, 'leading');
    const own = createWorkQueue(
      { concurrency: options.workers, backoff },
      {
        // Anew for each term: another leader may have changed what was remembered.
        process: withCertificateLooks(
          measured(assembleReconcile(options, { ...deps, caches, writer, triggers })),
          options,
          { ...caches, random },
        ),
        schedule,
        random,
        now,
        log,
        count: (_result, _spentMs, waitedMs) => meters.waited(waitedMs / 1_000),
      },
    );
    queue = own;
    for (const key of caches.keys()) own.add(key);
    await aborted(signal);
    queue = undefined;
    await own.close();
    log.info({}, 'no longer leading');
  };

  const close = async (): Promise<void> => {
    alone.abort();
    await Promise.all([election?.close(), running]);
    triggers.close();
    await Promise.all([caches.close(), deps.recorder.close()]);
  };
  const alone = new AbortController();
  let running: Promise<void> | undefined;

  return {
    start: () => {
      caches.start();
      running = election === undefined ? lead(alone.signal) : election.run(lead);
    },
    close: () => {
      closing ??= close();
      return closing;
    },
    stuck: liveness.stuck,
    synced: caches.synced,
    parts: () => ({
      ...describe(caches),
      leader: isLeader() ? 'this replica' : (election?.leader() ?? 'nobody yet'),
    }),
    isLeader,
    depth: () => queue?.depth() ?? 0,
  };
}

const describe = (caches: Caches): Readonly<Record<string, string>> => caches.states();

/** @returns whether it came about before the signal was aborted */
async function until(
  condition: () => boolean,
  signal: AbortSignal,
  schedule: Schedule,
): Promise<boolean> {
  while (!condition() && !signal.aborted) {
    await new Promise<void>((resolve) => void schedule(syncCheckMs, resolve));
  }
  return !signal.aborted;
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
