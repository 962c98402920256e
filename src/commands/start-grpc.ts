/** Wires the gRPC server of the adapter. */

import type { AdapterConfig } from '../config/adapter.ts';
import { createTranslatedFeedback } from '../delivery/translated-feedback.ts';
import type { GrpcCertificate, GrpcServer } from '../grpc/listen.ts';
import type { GrpcServerDeps } from '../grpc/server.ts';
import { grpcBindingOf } from '../inference/grpc-bindings.ts';
import { protocolNames } from '../inference/protocol.ts';

/** @returns the listening server; undefined where it is off */
export async function startGrpc(
  config: AdapterConfig,
  predictorUrl: string,
  deps: GrpcServerDeps,
  certificate: GrpcCertificate | undefined,
): Promise<GrpcServer | undefined> {
  const { grpcPort, protocol } = config;
  if (grpcPort === undefined) return undefined;
  // The libraries take memory, which those who do not serve gRPC need not give.
  const { startGrpcServer } = await import('../grpc/server.ts');
  const binding = (name: typeof protocol) => grpcBindingOf(name, config.seldonGrpcService);
  const feedback =
    config.transport === 'grpc'
      ? deps.feedback
      : createTranslatedFeedback(
          deps.feedback,
          await import('../inference/seldon/message-json.ts'),
        );
  const server = await startGrpcServer(
    {
      host: config.httpHost,
      port: grpcPort,
      binding: binding(protocol),
      foreign: protocolNames.filter((name) => name !== protocol).map(binding),
      protocol,
      transport: config.transport,
      isGraph: config.predictorUrl === undefined,
      maxBodyBytes: config.maxBodyBytes,
      maxStreams: config.maxConcurrency + config.maxWaiting,
      requestTimeoutMs: config.requestTimeoutMs,
      predictorUrl,
      certificate,
    },
    { ...deps, feedback },
  );
  // Seldon's operator names a port for every deployment, so this is no warning.
  const predictions =
    config.transport === 'grpc' ? 'served' : 'UNIMPLEMENTED: the predictor is called over REST';
  deps.log.info({ host: config.httpHost, port: server.port, predictions }, 'listening for gRPC');
  return server;
}
