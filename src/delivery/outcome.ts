/** What became of one input: data, switched exhaustively at each edge (design.md §4). */

import type { AdapterError } from '../errors.ts';
import type { Event } from '../event/event.ts';

/** Why an input needs no prediction. */
export type SkipReason =
  /** It is a reply or an error of ours: processing it would loop. */
  | 'own-type'
  /** EVENT_TYPES does not name its type. */
  | 'unwanted-type'
  /** Its `expirytime` has passed: nobody awaits the answer. */
  | 'expired';

export type Outcome =
  | {
      readonly kind: 'replied';
      readonly reply: Event;
      /** Travels as the header `Seldon-Puid`. */
      readonly puid: string;
      /** Full name of the protobuf message that the reply's data are; travels as `proto-name`. */
      readonly protoName?: string | undefined;
    }
  /** The reply went, or will go, to the sink instead of the sender: only over HTTP. */
  | { readonly kind: 'delivered'; readonly puid: string }
  /** It asked for no prediction, and what it asked for was done: feedback. */
  | { readonly kind: 'accepted' }
  | { readonly kind: 'skipped'; readonly reason: SkipReason }
  | { readonly kind: 'failed'; readonly error: AdapterError };
