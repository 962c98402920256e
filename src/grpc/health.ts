/**
 * Health of this instance: grpc.health.v1, and the two questions of the v2 protocol that are about
 * the server. Answered from what is known at that moment.
 */

import { Buffer } from 'node:buffer';
import { grpcCode } from '../inference/grpc-status.ts';
import { textField } from '../inference/protobuf.ts';
import type { ServeUnary } from './method.ts';

export interface HealthDeps {
  /** Full names of the services that are offered. */
  readonly services: ReadonlySet<string>;
  readonly ready: () => boolean;
}

/** HealthCheckResponse { ServingStatus status = 1 }: SERVING is 1, NOT_SERVING 2. */
const [serving, notServing] = [Buffer.from([8, 1]), Buffer.from([8, 2])];
/** ServerLiveResponse and ServerReadyResponse { bool … = 1 }; false is the default, so nothing. */
const [yes, no] = [Buffer.from([8, 1]), Buffer.alloc(0)];

const notOffered = {
  code: grpcCode('NOT_FOUND'),
  details: 'this server does not offer that service',
};

/** The methods, by their path. */
export const healthMethods = (deps: HealthDeps): readonly (readonly [string, ServeUnary])[] => [
  [
    '/grpc.health.v1.Health/Check',
    (call) => {
      // HealthCheckRequest { string service = 1 }: none is the server as a whole.
      const service = textField(call.message, 1);
      if (service !== '' && !deps.services.has(service)) call.refuse(notOffered);
      else call.reply(deps.ready() ? serving : notServing);
    },
  ],
  ['/inference.GRPCInferenceService/ServerLive', (call) => call.reply(yes)],
  ['/inference.GRPCInferenceService/ServerReady', (call) => call.reply(deps.ready() ? yes : no)],
];
