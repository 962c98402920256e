/** Unary methods whose messages are bytes. */

import type { handleUnaryCall, Server } from '@grpc/grpc-js';

const asItIs = (bytes: Buffer): Buffer => bytes;

export type ServeUnary = handleUnaryCall<Buffer, Buffer>;

/** Adds one method by its whole path, `/package.Service/Method`. */
export function addUnary(server: Server, path: string, serve: ServeUnary): void {
  const definition = {
    method: {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: asItIs,
      requestDeserialize: asItIs,
      responseSerialize: asItIs,
      responseDeserialize: asItIs,
    },
  };
  server.addService(definition, { method: serve });
}
