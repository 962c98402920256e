/**
 * Keeps a copy of every object of one kind, up to date by list and watch, whatever happens.
 *
 * R1 One request at a time: never two watches, none after `close`.
 * R2 The copy is complete from the first list on; a later list replaces it at once, never by way of
 *    an empty one, and finds what was deleted meanwhile.
 * R3 Whatever ends a watch, it is opened again from where it was, or after a new list where that is
 *    too old or a line was lost; never sooner than watch-pace.ts allows.
 * R4 Silence is noticed: after a watch that has said nothing for a while everything is listed anew,
 *    since its connection may be dead, or its version ahead of a server that was restored from a
 *    backup. That is no fault: bookmarks come each minute, but not before something has happened.
 */

import type { Log, Now, Random, Schedule } from '../delivery/ports.ts';
import { isApiError, isExpired, KubernetesApiError } from './api-error.ts';
import type { KubernetesClient, WatchEvent } from './calls.ts';
import { type ApiResource, type KubeObject, withoutManagedFields } from './kube-object.ts';
import { listAll } from './list-all.ts';
import { type Change, type ChangeKind, createObjectStore } from './object-store.ts';
import { pause } from './pause.ts';
import { createWatchPace } from './watch-pace.ts';

export type { ChangeKind } from './object-store.ts';

export interface ReflectorOptions {
  readonly resource: ApiResource;
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  /** Objects in one answer; halved where an answer becomes too large. 250. */
  readonly pageSize?: number;
  /** Everything is listed anew, and told as `resync`, about this often, in ms; 0: never. */
  readonly resyncMs: number;
  /** After a watch without a byte for so long everything is listed anew, in ms; 150,000. */
  readonly idleMs?: number;
}

/** What happened, for counters. */
export type ReflectorEvent =
  | 'listed'
  | 'watch_opened'
  | 'watch_failed'
  | 'watch_silent'
  | 'list_failed'
  | 'expired'
  | 'unreadable_line'
  | 'handler_failed';

export interface ReflectorDeps {
  readonly client: Pick<KubernetesClient, 'list' | 'watch'>;
  readonly schedule: Schedule;
  readonly now: Now;
  readonly random: Random;
  readonly log: Log;
  /** Called after the store has changed; what it throws is logged and changes nothing. */
  readonly onChange: (key: string, kind: ChangeKind) => void;
  readonly count?: (event: ReflectorEvent) => void;
  /** What to keep of an object, its metadata included; by default all but `managedFields`. */
  readonly project?: (object: KubeObject) => KubeObject;
}

export interface Reflector {
  readonly start: () => void;
  /** Resolves when nothing of it is left open. What is stored stays readable. Idempotent. */
  readonly close: () => Promise<void>;
  /** Whether the first list is complete. */
  readonly hasSynced: () => boolean;
  /** Resolves with the first complete list; rejects (`Aborted`) where it is closed before. */
  readonly synced: () => Promise<void>;
  /** By `namespace/name`. */
  readonly get: (key: string) => KubeObject | undefined;
  readonly list: () => readonly KubeObject[];
  readonly size: () => number;
  /** When the server last said anything, on the `now` clock; undefined before it did. */
  readonly lastProgress: number | undefined;
}

/** Two bookmarks are missing. */
const defaultIdleMs = 150_000;

/**
 * Whether a watch may be tried again from the same version. Where the server answered, it may be the
 * version that it refuses: too old, or ahead of a server that was restored from a backup (504).
 */
const mayGoOn = (error: unknown): boolean =>
  error instanceof KubernetesApiError && (error.status === 0 || error.status === 429);

/** Between 5 and 10 minutes, so that not all clients come back together, as client-go. */
const watchSeconds = (random: Random): number => Math.round(300 + 300 * random());

export function createReflector(options: ReflectorOptions, deps: ReflectorDeps): Reflector {
  const { resource, namespace, labelSelector, resyncMs } = options;
  const { client, schedule, now, random, log } = deps;
  const idleMs = options.idleMs ?? defaultIdleMs;
  const project = deps.project ?? withoutManagedFields;
  const count = deps.count ?? (() => {});
  const where = { resource: resource.plural, namespace };
  const store = createObjectStore();
  const pace = createWatchPace(random);
  const closing = new AbortController();
  const waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  let pageSize = options.pageSize ?? 250;
  let hasSynced = false;
  let lastProgress: number | undefined;
  let resyncAt = Number.POSITIVE_INFINITY;
  /** Where the next watch begins; undefined: list first. */
  let version: string | undefined;
  let looping: Promise<void> | undefined;

  const progressed = (): void => {
    lastProgress = now();
  };

  const tell = ({ key, kind }: Change): void => {
    const failed = (error: unknown): void => {
      count('handler_failed');
      log.error({ err: error, ...where, key, change: kind }, 'handling a change failed');
    };
    try {
      // An async function is a handler too, as far as the types go.
      const result: unknown = deps.onChange(key, kind);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  };

  const relist = async (): Promise<string> => {
    const resync = now() >= resyncAt;
    const asked = { resource, namespace, labelSelector, pageSize };
    const all = await listAll(client, asked, project, progressed, closing.signal);
    if (resync || !hasSynced) {
      resyncAt = resyncMs > 0 ? now() + resyncMs * (0.9 + 0.2 * random()) : resyncAt;
    }
    hasSynced = true;
    count('listed');
    log.debug({ ...where, objects: all.items.length, resync }, 'listed');
    for (const change of store.replaceAll(all.items, resync)) tell(change);
    for (const { resolve } of waiting.splice(0)) resolve();
    return all.resourceVersion;
  };

  const take = (event: Exclude<WatchEvent, { type: 'UNREADABLE' }>): void => {
    if (event.type === 'BOOKMARK') {
      version = event.resourceVersion;
      return;
    }
    const object = project(event.object);
    const change = event.type === 'DELETED' ? store.remove(object) : store.put(object);
    version = event.object.metadata.resourceVersion ?? version;
    if (change !== undefined) tell(change);
  };

  /** Resolves when the watch has ended in order, or everything is to be listed again. */
  const watch = async (from: string): Promise<void> => {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    closing.signal.addEventListener('abort', end, { once: true });
    const callOff = resyncMs > 0 ? schedule(Math.max(0, resyncAt - now()), end) : () => {};
    let lost: string | undefined;
    try {
      count('watch_opened');
      const timeoutSeconds = watchSeconds(random);
      const asked = { resourceVersion: from, namespace, labelSelector, timeoutSeconds, idleMs };
      await client.watch(
        resource,
        asked,
        (event) => {
          if (ending.signal.aborted && lost === undefined) return;
          progressed();
          if (event.type === 'UNREADABLE') {
            count('unreadable_line');
            lost ??= event.problem;
            end();
          } else take(event);
        },
        ending.signal,
      );
    } catch (error) {
      if (!ending.signal.aborted) throw error;
    } finally {
      callOff();
      closing.signal.removeEventListener('abort', end);
    }
    if (lost === undefined) return;
    version = undefined;
    // Status 422 and not 0: a stream that is garbled, time and again, is not polled as an outage is.
    throw new KubernetesApiError(422, 'AnswerUnusable', `watch of ${resource.plural}: ${lost}`);
  };

  const failed = (error: unknown, listing: boolean): void => {
    count(listing ? 'list_failed' : 'watch_failed');
    if (isExpired(error)) count('expired');
    if (!mayGoOn(error)) version = undefined;
    if (isApiError(error, 0, 'AnswerTooLarge')) pageSize = Math.max(1, Math.floor(pageSize / 2));
  };

  /** One list or one watch. @returns ms to wait before the next */
  const step = async (): Promise<number> => {
    if (now() >= resyncAt) version = undefined;
    const listing = version === undefined;
    const startedAt = now();
    try {
      if (version === undefined) {
        version = await relist();
        return 0;
      }
      await watch(version);
      if (closing.signal.aborted || now() >= resyncAt) return 0;
      return pace.after(undefined, now() - startedAt);
    } catch (error) {
      if (closing.signal.aborted) return 0;
      const livedMs = listing ? 0 : now() - startedAt;
      if (livedMs >= idleMs && isApiError(error, 0, 'Timeout')) {
        count('watch_silent');
        version = undefined;
        return pace.after(undefined, livedMs);
      }
      failed(error, listing);
      const delayMs = pace.after(error, livedMs);
      const what = `${listing ? 'listing' : 'watching'} failed; trying again`;
      // Servers forget old versions, and new watches of theirs begin with none: that is no fault.
      const level = isExpired(error) && !listing ? 'info' : 'warn';
      log[level]({ err: error, ...where, retryInMs: Math.round(delayMs) }, what);
      return delayMs;
    }
  };

  const loop = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const delayMs = await step();
      if (delayMs > 0 && !closing.signal.aborted) await pause(delayMs, closing.signal, schedule);
    }
  };

  const aborted = (): Error =>
    new KubernetesApiError(0, 'Aborted', `${resource.plural} were not listed: called off`);

  return {
    start: () => {
      if (!closing.signal.aborted) looping ??= loop();
    },
    close: async () => {
      closing.abort();
      for (const { reject } of waiting.splice(0)) reject(aborted());
      await looping;
    },
    hasSynced: () => hasSynced,
    synced: () =>
      new Promise((resolve, reject) => {
        if (hasSynced) resolve();
        else if (closing.signal.aborted) reject(aborted());
        else waiting.push({ resolve, reject });
      }),
    get: store.get,
    list: store.list,
    size: store.size,
    get lastProgress() {
      return lastProgress;
    },
  };
}
