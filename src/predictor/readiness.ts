/**
 * Keeps asking the predictor whether it is ready, and remembers its word.
 *
 * Everyone who needs it (readiness of the pod, intake from Kafka) reads the remembered word: a
 * probe of us costs the predictor nothing.
 */

import type { Log, Schedule } from '../delivery/ports.ts';

/** What the predictor says of itself, and how we know. */
export interface ReadinessWord {
  readonly ready: boolean;
  readonly reason: string;
}

/** Asks it once. Never rejects. */
export type AskReadiness = () => Promise<ReadinessWord>;

export interface ReadinessOptions {
  /** Between two questions while it is ready, in ms. */
  readonly intervalMs: number;
}

export interface ReadinessDeps {
  readonly ask: AskReadiness;
  readonly schedule: Schedule;
  readonly log: Log;
  /** Its word changed. */
  readonly changed: (ready: boolean) => void;
}

export interface Readiness {
  readonly ready: () => boolean;
  /** Why it is not ready; for the verbose health answer. */
  readonly reason: () => string;
  readonly start: () => void;
  readonly close: () => void;
}

/** While it is not ready it is asked more often, so that work begins soon after it is. */
const impatientMs = 250;

/** Makes a watcher that believes the predictor not ready until it says otherwise. */
export function createReadiness(options: ReadinessOptions, deps: ReadinessDeps): Readiness {
  let word: ReadinessWord = { ready: false, reason: 'it was not asked yet' };
  let closed = false;
  let callOff: (() => void) | undefined;

  const round = async (): Promise<void> => {
    const before = word;
    const answer = await deps.ask();
    if (closed) return;
    word = answer;
    if (word.ready !== before.ready) {
      const told = word.ready ? 'the predictor is ready' : 'the predictor is not ready';
      deps.log[word.ready ? 'info' : 'warn']({ reason: word.reason }, told);
      deps.changed(word.ready);
    }
    callOff = deps.schedule(word.ready ? options.intervalMs : impatientMs, () => void round());
  };

  return {
    ready: () => word.ready,
    reason: () => word.reason,
    start: () => void round(),
    close: () => {
      closed = true;
      callOff?.();
    },
  };
}
