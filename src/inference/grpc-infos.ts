/**
 * The registry of questions about status and metadata over gRPC. It takes memory to load, so it is
 * loaded where gRPC is called.
 */

import type { SeldonService } from './grpc-bindings.ts';
import type { GrpcInfo } from './grpc-info.ts';
import type { ProtocolName } from './protocol.ts';
import { seldonInfo } from './seldon/grpc-info.ts';
import { tensorflowInfo } from './tensorflow/grpc-info.ts';
import { v2Info } from './v2/grpc-info.ts';

/** @param model what the server calls its model, where the path does not say it */
export function grpcInfoOf(
  protocol: ProtocolName,
  service: SeldonService,
  model: string | undefined,
): GrpcInfo {
  switch (protocol) {
    case 'seldon':
      return seldonInfo(service, model ?? '');
    case 'tensorflow':
      return tensorflowInfo;
    case 'v2':
      return v2Info;
    default:
      return protocol satisfies never;
  }
}
