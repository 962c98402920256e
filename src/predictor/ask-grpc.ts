/**
 * Asks a predictor over gRPC whether it is ready: by its protocol's own method, else by
 * grpc.health.v1, else by whether it answers at all.
 */

import { Buffer } from 'node:buffer';
import type { CallPredictor } from '../delivery/ports.ts';
import type { GrpcBinding } from '../inference/grpc-binding.ts';
import type { AskReadiness, ReadinessWord } from './readiness.ts';

export interface AskGrpcOptions {
  readonly binding: GrpcBinding;
  readonly model: string | undefined;
  /** For messages. */
  readonly predictorUrl: string;
}

const probeTimeoutMs = 5_000;

export function createAskGrpc(options: AskGrpcOptions, call: CallPredictor): AskReadiness {
  const questions = options.binding.readiness(options.model);

  const ask = async (): Promise<ReadinessWord> => {
    for (const { path, message, isReady } of questions) {
      const answer = await call({ path, headers: [], body: message, timeoutMs: probeTimeoutMs });
      const where = options.predictorUrl + path;
      const { statusName } = answer;
      if (statusName === 'UNIMPLEMENTED') continue;
      if (statusName !== undefined) {
        const words = Buffer.from(answer.body).toString('utf8').slice(0, 200);
        return { ready: false, reason: `${where} answered ${statusName}: ${words}` };
      }
      if (answer.status !== 200) {
        return {
          ready: false,
          reason: `${where} answered ${answer.status}, without a gRPC status`,
        };
      }
      const ready = isReady(answer.body);
      return { ready, reason: `${where} answered ${ready ? 'ready' : 'not ready'}` };
    }
    return { ready: true, reason: `${options.predictorUrl} answers, and offers no health method` };
  };

  return () =>
    ask().catch((error) => ({
      ready: false,
      reason: error instanceof Error ? error.message : String(error),
    }));
}
