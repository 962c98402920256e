/** Wires the client of the predictor, over REST or gRPC. */

import type { AdapterConfig } from '../config/adapter.ts';
import type { CallPredictor } from '../delivery/ports.ts';
import { grpcBindingOf } from '../inference/grpc-bindings.ts';
import { protocols } from '../inference/protocols.ts';
import { grpcTargets, restTargets, type TargetOf } from '../inference/targets.ts';
import { createAskGrpc } from '../predictor/ask-grpc.ts';
import { createAskRest } from '../predictor/ask-rest.ts';
import { createGrpcClient } from '../predictor/grpc-client.ts';
import type { AskReadiness } from '../predictor/readiness.ts';
import { createRestClient } from '../predictor/rest-client.ts';
import type { TlsFiles } from '../predictor/tls-files.ts';

export interface Predictor {
  /** Its base address, for messages. */
  readonly url: string;
  readonly call: CallPredictor;
  readonly ask: AskReadiness;
  /** Asks for status and metadata; undefined where the transport has no such paths. */
  readonly askInfo: CallPredictor | undefined;
  /** Those that metrics tell apart. */
  readonly paths: readonly string[];
  /** What a payload is called by. */
  readonly targetOf: TargetOf;
  readonly close: () => Promise<void>;
}

/** Makes the client; it connects when it is needed. */
export function openPredictor(config: AdapterConfig): Predictor {
  const url = config.predictorUrl.href.replace(/\/$/, '');
  return config.transport === 'grpc' ? openGrpc(config, url) : openRest(config, url);
}

export const predictorTlsFiles = (config: AdapterConfig): TlsFiles => ({
  ca: config.predictorCaFile,
  cert: config.predictorCertFile,
  key: config.predictorKeyFile,
});

function openRest(config: AdapterConfig, url: string): Predictor {
  const protocol = protocols[config.protocol];
  const { model } = config;
  const client = createRestClient({
    url: config.predictorUrl,
    // One more than may be predicted at once, so that the readiness probe never waits.
    connections: config.maxConcurrency + (config.kafka === undefined ? 0 : config.workers) + 1,
    connectTimeoutMs: config.connectTimeoutMs,
    tls: predictorTlsFiles(config),
    maxAnswerBytes: config.maxAnswerBytes,
  });
  return {
    url,
    call: client.call,
    ask: createAskRest({ protocol, model, predictorUrl: url }, client.probe),
    askInfo: client.ask,
    paths: [
      protocol.predictionPath(model),
      protocol.readinessPath(model),
      protocol.metadataPath(model),
    ],
    targetOf: restTargets(protocol, model),
    close: client.close,
  };
}

function openGrpc(config: AdapterConfig, url: string): Predictor {
  const protocol = protocols[config.protocol];
  const binding = grpcBindingOf(config.protocol, config.seldonGrpcService);
  const client = createGrpcClient({
    url: config.predictorUrl,
    connectTimeoutMs: config.connectTimeoutMs,
    tls: predictorTlsFiles(config),
    maxAnswerBytes: config.maxAnswerBytes,
  });
  return {
    url,
    call: client.call,
    ask: createAskGrpc({ binding, model: config.model, predictorUrl: url }, client.call),
    askInfo: undefined,
    paths: binding.methods.map(({ path }) => path),
    targetOf: grpcTargets(protocol, binding, config.model),
    close: client.close,
  };
}
