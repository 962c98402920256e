/**
 * Writes items in the order they were given, as many together as have gathered while the batch
 * before them was on its way (kafkajs sends what it is given, one request a call).
 *
 * B1 One batch is under way at a time, so order survives any number of retries.
 * B2 What fails is tried again for ever, with backoff; only an item too large by itself is refused.
 * B3 An item no longer wanted is not written; its promise resolves.
 */

import { backoffMs } from '../delivery/backoff.ts';
import type { Random, Schedule } from '../delivery/ports.ts';

export interface BatchLimits {
  /** kafkajs groups messages by copying: time grows with the square of this. */
  maxItems: number;
  maxBytes: number;
}

export interface BatchedSenderDeps<Item> {
  /** Resolves when every item is acknowledged. */
  readonly send: (items: readonly Item[]) => Promise<void>;
  readonly sizeOf: (item: Item) => number;
  /** Whether the error says that the batch was larger than the broker takes. */
  readonly isTooLarge: (error: unknown) => boolean;
  /** What to reject an item with that is too large by itself. */
  readonly tooLarge: (item: Item) => Error;
  readonly failed: (error: unknown, waiting: number, retryInMs: number) => void;
  readonly schedule: Schedule;
  readonly random: Random;
}

export interface BatchedSender<Item> {
  readonly send: (item: Item, wanted: () => boolean) => Promise<void>;
  /** Items not yet acknowledged. */
  readonly waiting: () => number;
  readonly close: () => void;
}

interface Pending<Item> {
  readonly item: Item;
  readonly wanted: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** Sent by itself, since a batch with it was too large. */
  alone: boolean;
}

const retryBackoff = { baseMs: 200, maxMs: 2_000 };

/** Makes a sender with nothing to send. It heeds the limits as they are at each batch. */
export function createBatchedSender<Item>(
  limits: Readonly<BatchLimits>,
  deps: BatchedSenderDeps<Item>,
): BatchedSender<Item> {
  let queue: Pending<Item>[] = [];
  let sending: readonly Pending<Item>[] = [];
  let active = false;
  let closed = false;

  const dropUnwanted = (): void => {
    queue = queue.filter((pending) => {
      if (pending.wanted()) return true;
      pending.resolve();
      return false;
    });
  };

  const takeBatch = (): Pending<Item>[] => {
    let bytes = 0;
    let count = 0;
    for (const pending of queue) {
      bytes += deps.sizeOf(pending.item);
      if (count > 0 && (bytes > limits.maxBytes || count >= limits.maxItems)) break;
      if (pending.alone && count > 0) break;
      count += 1;
      if (pending.alone) break;
    }
    return queue.splice(0, count);
  };

  const giveBack = (batch: readonly Pending<Item>[]): void => {
    queue = [...batch, ...queue];
  };

  /** @returns whether to wait before the next try, and why */
  const sendBatch = async (batch: Pending<Item>[]): Promise<unknown> => {
    try {
      await deps.send(batch.map(({ item }) => item));
      for (const { resolve } of batch) resolve();
      return undefined;
    } catch (error) {
      if (!deps.isTooLarge(error)) {
        giveBack(batch);
        return error;
      }
      const [only] = batch;
      if (batch.length === 1 && only !== undefined) only.reject(deps.tooLarge(only.item));
      else {
        for (const pending of batch) pending.alone = true;
        giveBack(batch);
      }
      return undefined;
    }
  };

  const loop = async (): Promise<void> => {
    active = true;
    // What is given in the same turn of the event loop goes together.
    await Promise.resolve();
    for (let failures = 0; !closed; ) {
      dropUnwanted();
      const batch = takeBatch();
      if (batch.length === 0) break;
      sending = batch;
      const error = await sendBatch(batch);
      sending = [];
      failures = error === undefined ? 0 : failures + 1;
      if (error !== undefined && !closed) {
        const delayMs = backoffMs(failures, retryBackoff, deps.random);
        deps.failed(error, queue.length, delayMs);
        await new Promise<void>((resolve) => deps.schedule(delayMs, resolve));
      }
    }
    active = false;
  };

  return {
    send: (item, wanted) =>
      new Promise((resolve, reject) => {
        queue.push({ item, wanted, resolve, reject, alone: false });
        if (!active) void loop();
      }),
    waiting: () => queue.length + sending.length,
    close: () => {
      closed = true;
    },
  };
}
