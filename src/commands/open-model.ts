/** Wires the client of one model, over REST or gRPC; it connects when it is needed. */

import type { AdapterConfig } from '../config/adapter.ts';
import type { CallPredictor } from '../delivery/ports.ts';
import { grpcBindingOf } from '../inference/grpc-bindings.ts';
import { protocols } from '../inference/protocols.ts';
import {
  grpcFeedbackTargets,
  grpcTargets,
  restTargets,
  type TargetOf,
} from '../inference/targets.ts';
import { createAskGrpc } from '../predictor/ask-grpc.ts';
import { createAskRest } from '../predictor/ask-rest.ts';
import { createGrpcClient } from '../predictor/grpc-client.ts';
import type { AskReadiness } from '../predictor/readiness.ts';
import { createRestClient } from '../predictor/rest-client.ts';
import type { TlsFiles } from '../predictor/tls-files.ts';

export interface ModelClient {
  /** Its base address, for messages. */
  readonly url: string;
  readonly call: CallPredictor;
  readonly ask: AskReadiness;
  /** Asks for status and metadata: over REST by GET, over gRPC by another method. */
  readonly askInfo: CallPredictor;
  /** Those that metrics tell apart. */
  readonly paths: readonly string[];
  /** What a payload is called by. */
  readonly targetOf: TargetOf;
  readonly feedbackTargetOf: TargetOf;
  /** The method that takes feedback; undefined over REST, and where there is none. */
  readonly feedbackPath: string | undefined;
  readonly close: () => Promise<void>;
}

const addressOf = ({ href }: URL): string => href.replace(/\/$/, '');

export const predictorTlsFiles = (config: AdapterConfig): TlsFiles => ({
  ca: config.predictorCaFile,
  cert: config.predictorCertFile,
  key: config.predictorKeyFile,
});

export function openRestModel(config: AdapterConfig, at: URL, connections: number): ModelClient {
  const url = addressOf(at);
  const protocol = protocols[config.protocol];
  const { model } = config;
  const targetOf = restTargets(protocol, model);
  const client = createRestClient({
    url: at,
    connections,
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
    targetOf,
    feedbackTargetOf: targetOf,
    feedbackPath: undefined,
    close: client.close,
  };
}

export function openGrpcModel(config: AdapterConfig, at: URL): ModelClient {
  const url = addressOf(at);
  const protocol = protocols[config.protocol];
  const binding = grpcBindingOf(config.protocol, config.seldonGrpcService);
  const client = createGrpcClient({
    url: at,
    connectTimeoutMs: config.connectTimeoutMs,
    tls: predictorTlsFiles(config),
    maxAnswerBytes: config.maxAnswerBytes,
  });
  return {
    url,
    call: client.call,
    ask: createAskGrpc({ binding, model: config.model, predictorUrl: url }, client.call),
    askInfo: client.call,
    paths: binding.methods.map(({ path }) => path),
    targetOf: grpcTargets(protocol, binding, config.model),
    feedbackTargetOf: grpcFeedbackTargets(binding),
    feedbackPath: binding.feedback?.path,
    close: client.close,
  };
}
