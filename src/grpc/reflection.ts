/** grpc.reflection.v1 and v1alpha: so that grpcurl and its like need no files. */

import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import type { ProtocolName } from '../inference/protocol.ts';
import { loadProtos } from './protos/load.ts';

export function addReflection(server: Server, protocol: ProtocolName): void {
  new ReflectionService(loadProtos(protocol)).addToServer(server);
}
