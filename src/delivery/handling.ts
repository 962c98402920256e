/** What an event's type asks for: a prediction, feedback to be taken, or nothing at all. */

import type { Event } from '../event/event.ts';
import { errorType, feedbackType, type Identity, responseType } from '../event/names.ts';
import type { Origin } from '../event/reply.ts';

export type Handling = 'predict' | 'feedback' | 'own-type' | 'unwanted-type';

export type HandlingOf = (event: Event) => Handling;

export interface HandlingOptions {
  readonly identity: Identity;
  /** Event types to predict on; empty means any. */
  readonly eventTypes: ReadonlySet<string>;
}

/** Makes the function that tells by an event's type what is to be done with it. */
export function createHandlingOf({ identity, eventTypes }: HandlingOptions): HandlingOf {
  const reply = responseType(identity);
  const error = errorType(identity);
  const feedback = feedbackType(identity);
  return ({ type }) => {
    // Processing what we sent ourselves would loop, whatever else is wanted.
    if (type === reply || type === error) return 'own-type';
    if (type === feedback) return 'feedback';
    return eventTypes.size === 0 || eventTypes.has(type) ? 'predict' : 'unwanted-type';
  };
}

/** What is to be done with an input: raw records, and what came where only feedback is taken, too. */
export function handlingOfInput(
  { origin, isFeedback }: { readonly origin: Origin; readonly isFeedback?: boolean | undefined },
  handlingOf: HandlingOf,
): Handling {
  if (isFeedback === true) return 'feedback';
  return origin.kind === 'event' ? handlingOf(origin.event) : 'predict';
}
