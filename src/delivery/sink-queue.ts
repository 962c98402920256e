/**
 * The sender is told at once, and the sink gets the reply later (`SINK_ASYNC`).
 *
 * Q1 At most `maxWaiting` replies wait, of at most `maxBytes`; what comes beyond is refused before it
 *    is predicted on, so that the sender sends it again.
 * Q2 At most `concurrency` are on their way. One that is given up is counted and logged by its id.
 * Q3 Closing delivers what there is for so long; what is left then is counted and logged.
 */

import type { AdapterError } from '../errors.ts';
import type { Log, Schedule } from './ports.ts';
import { type Deliver, type ReplySink, tooSlow } from './reply-sink.ts';
import type { SinkMessage } from './sink-delivery.ts';

export interface SinkQueueOptions {
  readonly maxWaiting: number;
  readonly maxBytes: number;
  readonly concurrency: number;
}

export interface SinkQueueDeps {
  readonly deliver: Deliver;
  readonly schedule: Schedule;
  /** So many replies are lost with the process. */
  readonly dropped: (count: number) => void;
  readonly log: Log;
}

/** Attributes and bookkeeping beside the data, roughly. */
const overheadBytes = 1_024;
const sizeOf = ({ event }: SinkMessage): number => (event.data?.byteLength ?? 0) + overheadBytes;
/** So many ids of lost replies are told. */
const toldIds = 20;

export function createSinkQueue(options: SinkQueueOptions, deps: SinkQueueDeps): ReplySink {
  const waiting = new Set<SinkMessage>();
  const running = new Set<SinkMessage>();
  let bytes = 0;
  let isClosed = false;
  let emptied = (): void => undefined;

  const isFull = (): boolean =>
    bytes >= options.maxBytes ||
    (running.size >= options.concurrency && waiting.size >= options.maxWaiting);

  const refusal = (): AdapterError | undefined =>
    isClosed || isFull() ? tooSlow(running.size, waiting.size) : undefined;

  const run = async (message: SinkMessage): Promise<void> => {
    try {
      await deps.deliver(message, Number.POSITIVE_INFINITY);
    } catch (error) {
      if (running.has(message)) tellLost(message, error as AdapterError);
    }
    if (!running.delete(message)) return;
    bytes -= sizeOf(message);
    pump();
  };

  const tellLost = ({ event }: SinkMessage, { code, fault, message: reason }: AdapterError): void =>
    deps.log.error(
      { id: event.id, causationid: event.attributes.get('causationid'), code, fault, reason },
      'a reply event is lost: the sink did not take it, and its sender was told 202',
    );

  const pump = (): void => {
    for (const message of waiting) {
      if (running.size >= options.concurrency) return;
      waiting.delete(message);
      running.add(message);
      void run(message);
    }
    if (running.size === 0) emptied();
  };

  const giveUp = (): void => {
    const left = [...running, ...waiting];
    running.clear();
    waiting.clear();
    if (left.length === 0) return;
    deps.dropped(left.length);
    const ids = left.slice(0, toldIds).map(({ event }) => event.id);
    deps.log.error(
      { lost: left.length, ids },
      'reply events are lost: the adapter stopped before the sink had taken them; raise DRAIN_TIMEOUT_MS, or unset SINK_ASYNC',
    );
  };

  return {
    refusal,
    take: async (message) => {
      const full = refusal();
      if (full !== undefined) throw full;
      bytes += sizeOf(message);
      waiting.add(message);
      pump();
    },
    places: options.concurrency + options.maxWaiting,
    running: () => running.size,
    waiting: () => waiting.size,
    close: async (timeoutMs) => {
      isClosed = true;
      if (running.size + waiting.size > 0) {
        await new Promise<void>((resolve) => {
          const callOff = deps.schedule(timeoutMs, resolve);
          emptied = () => {
            callOff();
            resolve();
          };
        });
      }
      giveUp();
    },
  };
}
