/**
 * Keeps asking the predictor whether it is ready, and remembers its word.
 *
 * Everyone who needs it (readiness of the pod, intake from Kafka) reads the remembered word: a
 * probe of us costs the predictor nothing.
 */

import type { Log, Schedule } from '../delivery/ports.ts';
import type { Protocol } from '../inference/protocol.ts';
import type { RestClient } from './rest-client.ts';

export interface ReadinessOptions {
  readonly protocol: Protocol;
  readonly model: string | undefined;
  /** Between two questions while it is ready, in ms. */
  readonly intervalMs: number;
  /** For messages. */
  readonly predictorUrl: string;
}

export interface ReadinessDeps {
  readonly probe: RestClient['probe'];
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
const probeTimeoutMs = 5_000;

/** Makes a watcher that believes the predictor not ready until it says otherwise. */
export function createReadiness(options: ReadinessOptions, deps: ReadinessDeps): Readiness {
  const path = options.protocol.readinessPath(options.model);
  const where = options.predictorUrl + path;
  let word: { ready: boolean; reason: string } = { ready: false, reason: 'it was not asked yet' };
  let closed = false;
  let callOff: (() => void) | undefined;

  const ask = async (): Promise<typeof word> => {
    try {
      const { status, body } = await deps.probe(path, probeTimeoutMs);
      const ready = options.protocol.isReady(status, body);
      const loading = !ready && status < 300 ? ', but the model is not loaded' : '';
      return { ready, reason: `GET ${where} answered ${status}${loading}` };
    } catch (error) {
      return { ready: false, reason: error instanceof Error ? error.message : String(error) };
    }
  };

  const round = async (): Promise<void> => {
    const before = word;
    const answer = await ask();
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
