/** A batch of events: each is dispatched by itself, and answered by itself (design.md §3.3). */

import type { Outcome } from '../delivery/outcome.ts';
import type { AdapterError } from '../errors.ts';
import type { Decoded, Event } from '../event/event.ts';
import type { Origin, ReplyFactory } from '../event/reply.ts';

/** At most so many events of one batch are predicted at once: it must not crowd out others. */
const maxConcurrent = 16;

export interface BatchDeps {
  readonly dispatch: (decoded: Decoded) => Promise<Outcome>;
  /** How many may be predicted at once; a batch alone must not be turned away by its own size. */
  readonly places: number;
  readonly replies: ReplyFactory;
  readonly wallClock: () => number;
  readonly randomId: () => string;
}

export type BatchResult =
  /** One event for each that has something to tell, in the order of the batch. */
  | { readonly kind: 'events'; readonly events: readonly Event[] }
  /** All failed and may succeed when sent again: the sender is told to. */
  | { readonly kind: 'failed'; readonly error: AdapterError };

/** Never rejects. */
export async function dispatchBatch(
  batch: readonly Decoded[],
  deps: BatchDeps,
): Promise<BatchResult> {
  const outcomes = new Array<Outcome>(batch.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < batch.length; i = next++) {
      const decoded = batch[i];
      if (decoded !== undefined) outcomes[i] = await deps.dispatch(decoded);
    }
  };
  const concurrent = Math.min(maxConcurrent, deps.places, batch.length);
  await Promise.all(Array.from({ length: concurrent }, work));

  const failed = outcomes.filter((outcome) => outcome.kind === 'failed');
  const [first] = failed;
  if (first !== undefined && failed.length === batch.length && failed.every(isRetriable)) {
    return { kind: 'failed', error: first.error };
  }
  return { kind: 'events', events: batch.flatMap((d, i) => eventFor(d, outcomes[i], deps)) };
}

const isRetriable = ({ error }: { readonly error: AdapterError }): boolean =>
  error.fault !== 'record' && error.fault !== 'caller';

function eventFor(decoded: Decoded, outcome: Outcome | undefined, deps: BatchDeps): Event[] {
  if (outcome === undefined || outcome.kind === 'skipped' || outcome.kind === 'accepted') return [];
  if (outcome.kind === 'replied') return [outcome.reply];
  const origin: Origin =
    decoded.kind === 'event' ? { kind: 'event', event: decoded.event } : { kind: 'unknown' };
  const time = new Date(deps.wallClock()).toISOString();
  return [deps.replies.error(origin, outcome.error, deps.randomId(), time)];
}
