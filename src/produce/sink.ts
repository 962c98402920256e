/** Where messages go, as a run sees it. */

import type { Message } from './message.ts';

/** What became of one message. */
export interface Sent {
  /** Whether it was acknowledged; else it failed for good. */
  readonly ok: boolean;
  /** For the user, on one line. */
  readonly line: string;
}

export interface Sink {
  /** Most messages that may be unanswered at once. */
  readonly maxInFlight: number;
  /** Resolves when messages can be sent, or when it is closed; says what it waits for. */
  readonly ready: () => Promise<void>;
  readonly send: (message: Message) => Promise<Sent>;
  /** Gives up what is unanswered; may be called more than once. */
  readonly close: () => Promise<void>;
}
