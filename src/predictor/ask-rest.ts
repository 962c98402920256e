/** Asks a predictor over REST whether it is ready: its protocol's own health route. */

import type { Protocol } from '../inference/protocol.ts';
import type { AskReadiness } from './readiness.ts';
import type { RestClient } from './rest-client.ts';

export interface AskRestOptions {
  readonly protocol: Protocol;
  readonly model: string | undefined;
  /** For messages. */
  readonly predictorUrl: string;
}

const probeTimeoutMs = 5_000;

export function createAskRest(options: AskRestOptions, probe: RestClient['probe']): AskReadiness {
  const path = options.protocol.readinessPath(options.model);
  const where = options.predictorUrl + path;
  return async () => {
    try {
      const { status, body } = await probe(path, probeTimeoutMs);
      const ready = options.protocol.isReady(status, body);
      const loading = !ready && status < 300 ? ', but the model is not loaded' : '';
      return { ready, reason: `GET ${where} answered ${status}${loading}` };
    } catch (error) {
      return { ready: false, reason: error instanceof Error ? error.message : String(error) };
    }
  };
}
