/** Seldon's own protocol over gRPC: see its prediction.proto. */

import type { GrpcBinding, GrpcMethod } from '../grpc-binding.ts';
import { healthCheck } from '../grpc-health.ts';

const message = 'seldon.protos.SeldonMessage';

const predictOf = (service: string): GrpcMethod => ({
  path: `/seldon.protos.${service}/Predict`,
  request: message,
  reply: message,
});

/** The messages of feedback, in every protocol: only Seldon's has any. */
export const seldonFeedback = { request: 'seldon.protos.Feedback', reply: message } as const;

const bindingOf = (service: string): GrpcBinding => ({
  methods: [predictOf(service)],
  feedback: { path: `/seldon.protos.${service}/SendFeedback`, ...seldonFeedback },
  // Whichever of the two a caller takes us for.
  served: ['Seldon', 'Model'].map((name) => ({
    path: predictOf(name).path,
    target: predictOf(service).path,
  })),
  readiness: () => [healthCheck],
  modelOf: () => undefined,
});

/** A model server: a node of a graph. */
export const seldonModelGrpc = bindingOf('Model');
/** A whole service: another executor. */
export const seldonServiceGrpc = bindingOf('Seldon');
