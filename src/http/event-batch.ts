/** A batch of events: each is dispatched by itself, and answered by itself (design.md §3.3). */

import type { Outcome } from '../delivery/outcome.ts';
import { AdapterError } from '../errors.ts';
import type { Decoded, Event } from '../event/event.ts';
import type { Origin, ReplyFactory } from '../event/reply.ts';

/** At most so many events of one batch are predicted at once: it must not crowd out others. */
const maxConcurrent = 16;

export interface BatchDeps {
  readonly dispatch: (decoded: Decoded) => Promise<Outcome>;
  /** How many may be predicted at once; a batch alone must not be turned away by its own size. */
  readonly places: number;
  readonly replies: ReplyFactory;
  /** What predicts them, for the ids of error events. */
  readonly model: string | undefined;
  /** Most bytes of reply data that are kept until all are there. */
  readonly maxBytes: number;
  readonly wallClock: () => number;
  readonly randomId: () => string;
}

export type BatchResult =
  /** One event for each that has something to tell, in the order of the batch. */
  | { readonly kind: 'events'; readonly events: readonly Event[] }
  /** There is nothing to tell, since the replies went to the sink. */
  | { readonly kind: 'delivered' }
  /** All failed and may succeed when sent again: the sender is told to. */
  | { readonly kind: 'failed'; readonly error: AdapterError };

/** Never rejects. */
export async function dispatchBatch(
  batch: readonly Decoded[],
  deps: BatchDeps,
): Promise<BatchResult> {
  const outcomes = new Array<Outcome>(batch.length);
  let next = 0;
  let bytes = 0;
  /** A reply that there is no room for is a failure of its event alone. */
  const kept = (outcome: Outcome): Outcome => {
    if (outcome.kind !== 'replied') return outcome;
    const length = outcome.reply.data?.byteLength ?? 0;
    if (bytes + length > deps.maxBytes) return { kind: 'failed', error: tooMuch(deps.maxBytes) };
    bytes += length;
    return outcome;
  };
  const work = async (): Promise<void> => {
    for (let i = next++; i < batch.length; i = next++) {
      const decoded = batch[i];
      if (decoded !== undefined) outcomes[i] = kept(await deps.dispatch(decoded));
    }
  };
  const concurrent = Math.min(maxConcurrent, deps.places, batch.length);
  await Promise.all(Array.from({ length: concurrent }, work));

  const failed = outcomes.filter((outcome) => outcome.kind === 'failed');
  const [first] = failed;
  if (first !== undefined && failed.length === batch.length && failed.every(isRetriable)) {
    return { kind: 'failed', error: first.error };
  }
  const events = batch.flatMap((d, i) => eventFor(d, outcomes[i], deps));
  const isDelivered = events.length === 0 && outcomes.some(({ kind }) => kind === 'delivered');
  return isDelivered ? { kind: 'delivered' } : { kind: 'events', events };
}

const tooMuch = (maxBytes: number): AdapterError =>
  new AdapterError(
    'PREDICTOR_ANSWER_UNUSABLE',
    `the replies to this batch are larger than ${maxBytes} bytes together; send fewer events at once, or raise MAX_ANSWER_BYTES`,
  );

const isRetriable = ({ error }: { readonly error: AdapterError }): boolean =>
  error.fault !== 'record' && error.fault !== 'caller';

function eventFor(decoded: Decoded, outcome: Outcome | undefined, deps: BatchDeps): Event[] {
  if (outcome?.kind === 'replied') return [outcome.reply];
  if (outcome?.kind !== 'failed') return [];
  const origin: Origin =
    decoded.kind === 'event' ? { kind: 'event', event: decoded.event } : { kind: 'unknown' };
  const time = new Date(deps.wallClock()).toISOString();
  const { error } = outcome;
  const id =
    origin.kind === 'event'
      ? deps.replies.errorId(origin, deps.model, error)
      : // Nothing tells two malformed events apart.
        deps.randomId();
  return [deps.replies.error(origin, error, { id, time })];
}
