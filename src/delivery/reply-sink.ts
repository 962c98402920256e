/**
 * Sends reply events to the sink instead of to whoever asked: around a prediction, and outside of
 * its place, so that a slow sink keeps nobody from the predictor.
 */

import { AdapterError } from '../errors.ts';
import type { Dispatch } from './dispatch.ts';
import { inPlace, type Limiter } from './limiter.ts';
import type { Outcome } from './outcome.ts';
import type { SinkMessage } from './sink-delivery.ts';

export interface ReplySink {
  /** Why nothing more can be taken now: said before the predictor is asked. */
  readonly refusal: () => AdapterError | undefined;
  /**
   * Resolves when the sender may be told that its reply is taken care of.
   * @throws AdapterError
   */
  readonly take: (message: SinkMessage, deadline: number) => Promise<void>;
  /** How many a batch may hand over at once without being turned away by its own size. */
  readonly places: number;
  readonly running: () => number;
  readonly waiting: () => number;
  /** Delivers what it holds for so long. */
  readonly close: (timeoutMs: number) => Promise<void>;
}

/** Every reply of `predict` goes to the sink; what was not predicted is as it was. */
export function deliveringReplies(predict: Dispatch, sink: ReplySink): Dispatch {
  return async (input): Promise<Outcome> => {
    const refusal = sink.refusal();
    if (refusal !== undefined) return { kind: 'failed', error: refusal };
    const outcome = await predict(input);
    if (outcome.kind !== 'replied') return outcome;
    const { reply: event, puid, protoName } = outcome;
    try {
      await sink.take({ event, puid, protoName }, input.deadline);
    } catch (error) {
      return { kind: 'failed', error: AdapterError.from(error) };
    }
    return { kind: 'delivered', puid };
  };
}

export type Deliver = (message: SinkMessage, deadline: number) => Promise<void>;

/** The sender waits until the sink has taken its reply. */
export function createAwaitedSink(
  deliver: Deliver,
  limiter: Limiter,
  maxWaiting: number,
): ReplySink {
  const isFull = (): boolean =>
    limiter.running() >= limiter.places && limiter.waiting() >= maxWaiting;
  const send = ({ message, deadline }: Taken): Promise<void> => deliver(message, deadline);
  return {
    refusal: () => (isFull() ? tooSlow(limiter.running(), limiter.waiting()) : undefined),
    take: async (message, deadline) => {
      try {
        await inPlace(limiter, deadline, send, { message, deadline });
      } catch (error) {
        // The limiter speaks of predictions.
        if (!(error instanceof AdapterError) || error.code !== 'OVERLOADED') throw error;
        throw tooSlow(limiter.running(), limiter.waiting(), error.retryAfterMs);
      }
    },
    places: limiter.places + maxWaiting,
    running: limiter.running,
    waiting: limiter.waiting,
    close: async () => undefined,
  };
}

interface Taken {
  readonly message: SinkMessage;
  readonly deadline: number;
}

/** Told to those that come while too many replies wait. */
export const tooSlow = (running: number, waiting: number, retryAfterMs = 1_000): AdapterError =>
  new AdapterError(
    'OVERLOADED',
    `the sink takes reply events too slowly: ${running} are on their way and ${waiting} wait; come back later, mend the sink, or raise SINK_CONCURRENCY or SINK_MAX_WAITING`,
    { retryAfterMs },
  );
