/**
 * Writes items in the order they were given, as many together as have gathered while the batch
 * before them was on its way (kafkajs sends what it is given, one request a call).
 *
 * B1 One batch is under way at a time, so order survives any number of retries.
 * B2 What fails is tried again for ever, with backoff; only an item too large by itself is refused.
 * B3 An item no longer wanted is not written, and settles.
 * B4 A failure is told where the next attempt fails too: leaders move in every rolling restart.
 */

import { backoffMs } from '../delivery/backoff.ts';
import { countTogether } from '../delivery/count-together.ts';
import { createLinger } from '../delivery/linger.ts';
import type { Random, Schedule } from '../delivery/ports.ts';
import type { Settled } from '../delivery/releaser.ts';

export interface BatchLimits {
  /** kafkajs groups messages by copying: time grows with the square of this. */
  maxItems: number;
  maxBytes: number;
  /** A batch that follows another gathers items for so long, unless it is full before; in ms. */
  lingerMs: number;
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
  /** A batch was acknowledged. */
  readonly sent?: () => void;
  readonly schedule: Schedule;
  readonly random: Random;
}

export interface BatchedSender<Item> {
  /** @param settled called once, after this has returned; must not throw */
  readonly send: (item: Item, wanted: () => boolean, settled: Settled) => void;
  /** Items not yet acknowledged. */
  readonly waiting: () => number;
  readonly close: () => void;
}

interface Pending<Item> {
  readonly item: Item;
  readonly wanted: () => boolean;
  readonly settled: Settled;
  readonly bytes: number;
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
  let queuedBytes = 0;
  let sending: readonly Pending<Item>[] = [];
  let active = false;
  const linger = createLinger(deps.schedule);
  let closed = false;

  const dropUnwanted = (): void => {
    const dropped = queue.filter(({ wanted }) => !wanted());
    if (dropped.length === 0) return;
    queue = queue.filter(({ wanted }) => wanted());
    queuedBytes -= bytesOf(dropped);
    for (const { settled } of dropped) settled();
  };

  const takeBatch = (): Pending<Item>[] => {
    let total = 0;
    const count = countTogether(queue, limits, ({ bytes }) => {
      total += bytes;
      return total;
    });
    const batch = queue.splice(0, count);
    queuedBytes -= bytesOf(batch);
    return batch;
  };

  const giveBack = (batch: readonly Pending<Item>[]): void => {
    queue = [...batch, ...queue];
    queuedBytes += bytesOf(batch);
  };

  /** @returns whether to wait before the next try, and why */
  const sendBatch = async (batch: Pending<Item>[]): Promise<unknown> => {
    try {
      await deps.send(batch.map(({ item }) => item));
    } catch (error) {
      if (!deps.isTooLarge(error)) {
        giveBack(batch);
        return error;
      }
      const [only] = batch;
      if (batch.length === 1 && only !== undefined) only.settled(deps.tooLarge(only.item));
      else {
        for (const pending of batch) pending.alone = true;
        giveBack(batch);
      }
      return undefined;
    }
    deps.sent?.();
    for (const { settled } of batch) settled();
    return undefined;
  };

  const isBatchFull = (): boolean =>
    queue.length >= limits.maxItems || queuedBytes >= limits.maxBytes || queue[0]?.alone === true;

  /** What comes after a pause never waits. */
  const gather = async (): Promise<void> => {
    if (limits.lingerMs > 0 && !isBatchFull()) await linger.pause(limits.lingerMs);
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
        if (failures > 1) deps.failed(error, queue.length, delayMs);
        await new Promise<void>((resolve) => deps.schedule(delayMs, resolve));
      } else await gather();
    }
    active = false;
  };

  return {
    send: (item, wanted, settled) => {
      const bytes = deps.sizeOf(item);
      queue.push({ item, wanted, settled, bytes, alone: false });
      queuedBytes += bytes;
      if (!active) void loop();
      else if (isBatchFull()) linger.end();
    },
    waiting: () => queue.length + sending.length,
    close: () => {
      closed = true;
    },
  };
}

/** As {@link BatchedSender.send}, for those who wait: resolves when the item settles, rejects when refused. */
export const sendAndWait = <Item>(
  sender: BatchedSender<Item>,
  item: Item,
  wanted: () => boolean,
): Promise<void> =>
  new Promise((resolve, reject) => {
    sender.send(item, wanted, (refused) => (refused === undefined ? resolve() : reject(refused)));
  });

const bytesOf = (batch: readonly { readonly bytes: number }[]): number =>
  batch.reduce((sum, { bytes }) => sum + bytes, 0);
