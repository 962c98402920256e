/** grpc.health.v1: https://github.com/grpc/grpc/blob/master/doc/health-checking.md. */

import type { ReadinessQuestion } from './grpc-binding.ts';
import { firstField } from './protobuf.ts';

const serving = 1;

/** Asks for the health of the server as a whole. */
export const healthCheck: ReadinessQuestion = {
  path: '/grpc.health.v1.Health/Check',
  message: new Uint8Array(),
  isReady: (answer) => firstField(answer, 1) === serving,
};
