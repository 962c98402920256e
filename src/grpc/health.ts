/**
 * Health of this instance: grpc.health.v1, and the two questions of the v2 protocol that are about
 * the server. Answered from what is known at that moment.
 */

import { type Server, status } from '@grpc/grpc-js';
import { firstField } from '../inference/protobuf.ts';
import { addUnary, type ServeUnary } from './unary.ts';

export interface HealthDeps {
  /** Full names of the services that are offered. */
  readonly services: ReadonlySet<string>;
  readonly ready: () => boolean;
}

/** HealthCheckResponse { ServingStatus status = 1 }: SERVING is 1, NOT_SERVING 2. */
const [serving, notServing] = [Buffer.from([8, 1]), Buffer.from([8, 2])];
/** ServerLiveResponse and ServerReadyResponse { bool … = 1 }; false is the default, so nothing. */
const [yes, no] = [Buffer.from([8, 1]), Buffer.alloc(0)];

/** Adds the methods. */
export function addHealth(server: Server, deps: HealthDeps): void {
  const check: ServeUnary = ({ request }, reply) => {
    // HealthCheckRequest { string service = 1 }: none is the server as a whole.
    const asked = firstField(request, 1);
    const service = asked instanceof Uint8Array ? Buffer.from(asked).toString('utf8') : '';
    if (service !== '' && !deps.services.has(service)) {
      reply({ code: status.NOT_FOUND, details: 'this server does not offer that service' });
      return;
    }
    reply(null, deps.ready() ? serving : notServing);
  };
  addUnary(server, '/grpc.health.v1.Health/Check', check);
  addUnary(server, '/inference.GRPCInferenceService/ServerLive', (_call, reply) =>
    reply(null, yes),
  );
  addUnary(server, '/inference.GRPCInferenceService/ServerReady', (_call, reply) =>
    reply(null, deps.ready() ? yes : no),
  );
}
