/**
 * Events (`events.k8s.io/v1`) on objects, for people.
 *
 * E1 Recording never throws and never waits; what does not fit is dropped and counted.
 * E2 The same on the same object within a while is one Event whose count grows.
 * E3 They are written one after another and slowly: they must never be what overloads a server.
 */

import { backoffMs } from '../delivery/backoff.ts';
import type { Log, Now, Schedule } from '../delivery/ports.ts';
import { isApiError, isOutage } from './api-error.ts';
import type { KubernetesClient } from './calls.ts';
import {
  eventObject,
  namespaceOf,
  type Occurrence,
  occurrenceKey,
  seriesOf,
} from './event-object.ts';
import type { KubeObject } from './kube-object.ts';
import { createTokenBucket } from './token-bucket.ts';

export interface EventRecorderOptions {
  /** The controller's name, with a domain: `seldon-eventing.io/controller`. */
  readonly component: string;
  /** This process: the pod's name. */
  readonly instance: string;
}

export interface EventRecorderDeps {
  readonly client: Pick<KubernetesClient, 'create' | 'patchMerge'>;
  readonly schedule: Schedule;
  readonly now: Now;
  /** Ms since 1970. */
  readonly wallClock: () => number;
  readonly log: Log;
}

export interface EventRecorder {
  /**
   * @param object what the Event is about; events are kept in its namespace
   * @param reason CamelCase, for programs
   * @param message for people; cut at 1,024 bytes, as the server demands
   * @param action what the controller did or tried: CamelCase verb
   */
  readonly record: (
    object: KubeObject,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    action: string,
  ) => void;
  /** Events given up so far. */
  readonly dropped: () => number;
  /** Writes what waits, for two seconds at most. Idempotent. */
  readonly close: () => Promise<void>;
}

/** client-go counts what comes again within 10 minutes as one. */
const togetherMs = 10 * 60_000;
/** A growing count is written so often. */
const recountMs = 60_000;
/** Events that wait; and those that are remembered to be counted. */
const maxWaiting = 1_000;
const maxRemembered = 2_000;
/** A burst of this many, then one each 50 ms. */
const burst = 100;
const everyMs = 50;
const maxAttempts = 5;
const retry = { baseMs: 500, maxMs: 5_000 };
const closeWithinMs = 2_000;

interface Entry {
  readonly occurrence: Occurrence;
  count: number;
  lastAt: number;
  /** Undefined before it was written. */
  written: { readonly name: string; readonly at: number } | undefined;
  waiting: boolean;
  attempts: number;
}

export function createEventRecorder(
  options: EventRecorderOptions,
  deps: EventRecorderDeps,
): EventRecorder {
  const { client, schedule, now, wallClock, log } = deps;
  /** The one that happened last at the end. */
  const entries = new Map<string, Entry>();
  const queue: Entry[] = [];
  const stopped = new AbortController();
  const tokens = createTokenBucket(burst, everyMs, now);
  let wakeUp = (): void => {};
  let closing = false;
  let dropped = 0;
  let serial = 0;
  let working: Promise<void> | undefined;

  const drop = (entry: Entry, reason: string): void => {
    dropped += 1;
    const { object, reason: event } = entry.occurrence;
    const about = { event, object: object.metadata.name, dropped, reason };
    // The first tells of the trouble, the rest would be as many lines as there are events.
    if (dropped === 1 || dropped % 100 === 0) log.warn(about, 'an Event was not written');
  };

  const forgetOld = (): void => {
    for (const [key, { lastAt }] of entries) {
      if (entries.size < maxRemembered && now() - lastAt < togetherMs) return;
      entries.delete(key);
    }
  };

  const enqueue = (entry: Entry): void => {
    if (entry.waiting) return;
    if (queue.length >= maxWaiting) {
      drop(entry, 'too many wait');
      return;
    }
    entry.waiting = true;
    entry.attempts = 0;
    queue.push(entry);
    working ??= work().finally(() => {
      working = undefined;
    });
  };

  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const callOff = schedule(ms, resolve);
      wakeUp = () => {
        callOff();
        resolve();
      };
    });

  const takeToken = async (): Promise<void> => {
    const waitMs = tokens.take();
    if (waitMs > 0 && !closing) await wait(waitMs);
  };

  const write = async (entry: Entry): Promise<void> => {
    const { occurrence, count } = entry;
    const signal = stopped.signal;
    const time = wallClock();
    if (entry.written !== undefined) {
      const { apiVersion, kind } = eventKind;
      const { name } = entry.written;
      const ref = { apiVersion, kind, namespace: namespaceOf(occurrence.object), name };
      try {
        await client.patchMerge(ref, seriesOf(count, time), { signal });
        entry.written = { name, at: now() };
        return;
      } catch (error) {
        // Events are kept for an hour by default; the count goes on in a new one.
        if (!isApiError(error, 404)) throw error;
      }
    }
    serial += 1;
    const suffix = (BigInt(Math.round(time)) * 4_096n + BigInt(serial % 4_096)).toString(16);
    const event = await client.create(eventObject(options, occurrence, suffix, count, time), {
      signal,
    });
    entry.written = { name: event.metadata.name, at: now() };
  };

  const attempt = async (entry: Entry): Promise<void> => {
    try {
      await write(entry);
    } catch (error) {
      entry.attempts += 1;
      const worthIt = isOutage(error) || isApiError(error, 429) || isApiError(error, 409);
      if (!worthIt || entry.attempts >= maxAttempts || closing) {
        drop(entry, error instanceof Error ? error.message : String(error));
        return;
      }
      queue.unshift(entry);
      entry.waiting = true;
      await wait(backoffMs(entry.attempts, retry, () => 1));
    }
  };

  const work = async (): Promise<void> => {
    // What is recorded in the same turn of the event loop is counted first.
    await Promise.resolve();
    for (let entry = queue[0]; entry !== undefined && !stopped.signal.aborted; entry = queue[0]) {
      await takeToken();
      queue.shift();
      entry.waiting = false;
      await attempt(entry);
    }
  };

  const countUp = (entry: Entry): void => {
    entry.count += 1;
    entry.lastAt = now();
    const { written } = entry;
    if (entry.waiting || written === undefined) return;
    const dueInMs = written.at + recountMs - now();
    if (dueInMs <= 0) enqueue(entry);
    else recountLater(entry, dueInMs);
  };

  const recounting = new Map<Entry, () => void>();
  const recountLater = (entry: Entry, ms: number): void => {
    if (recounting.has(entry)) return;
    const callOff = schedule(ms, () => {
      recounting.delete(entry);
      enqueue(entry);
    });
    recounting.set(entry, callOff);
  };

  return {
    record: (object, type, reason, message, action) => {
      if (closing) return;
      const occurrence = { object: identityOf(object), type, reason, message, action };
      const key = occurrenceKey(occurrence);
      forgetOld();
      const known = entries.get(key);
      if (known !== undefined) {
        entries.delete(key);
        entries.set(key, known);
        countUp(known);
        return;
      }
      const entry = {
        occurrence,
        count: 1,
        lastAt: now(),
        written: undefined,
        waiting: false,
        attempts: 0,
      };
      entries.set(key, entry);
      enqueue(entry);
    },
    dropped: () => dropped,
    close: async () => {
      if (closing) return working;
      closing = true;
      for (const [entry, callOff] of recounting) {
        callOff();
        enqueue(entry);
      }
      recounting.clear();
      wakeUp();
      const callOff = schedule(closeWithinMs, () => {
        stopped.abort();
        wakeUp();
      });
      await working;
      callOff();
      entries.clear();
    },
  };
}

const eventKind = { apiVersion: 'events.k8s.io/v1', kind: 'Event' } as const;

/** All that is kept of an object while its Event waits. */
function identityOf({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
  };
}
