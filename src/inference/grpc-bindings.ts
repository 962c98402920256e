/** The registry of what the protocols are over gRPC. */

import type { GrpcBinding } from './grpc-binding.ts';
import type { ProtocolName } from './protocol.ts';
import { seldonModelGrpc, seldonServiceGrpc } from './seldon/grpc.ts';
import { tensorflowGrpc } from './tensorflow/grpc.ts';
import { v2Grpc } from './v2/grpc.ts';

/** Which of Seldon's services a predictor offers: a node's, or a whole graph's. */
export const seldonServices = ['model', 'seldon'] as const;
export type SeldonService = (typeof seldonServices)[number];

export function grpcBindingOf(protocol: ProtocolName, service: SeldonService): GrpcBinding {
  switch (protocol) {
    case 'seldon':
      return service === 'model' ? seldonModelGrpc : seldonServiceGrpc;
    case 'tensorflow':
      return tensorflowGrpc;
    case 'v2':
      return v2Grpc;
  }
}
