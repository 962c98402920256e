/** Wires the client of a graph's nodes at one address, over REST or gRPC. */

import type { AdapterConfig } from '../config/adapter.ts';
import type { CallPredictor } from '../delivery/ports.ts';
import { grpcBindingOf } from '../inference/grpc-bindings.ts';
import { protocols } from '../inference/protocols.ts';
import { createAskGrpc } from '../predictor/ask-grpc.ts';
import { createAskRest } from '../predictor/ask-rest.ts';
import { createGrpcClient } from '../predictor/grpc-client.ts';
import type { AskReadiness } from '../predictor/readiness.ts';
import { createRestClient } from '../predictor/rest-client.ts';
import { noTlsFiles } from '../predictor/tls-files.ts';

export interface NodeClient {
  readonly call: CallPredictor;
  /** Asks whether the node of this name is ready. */
  readonly ask: (node: string) => AskReadiness;
  /** Asks for status and metadata: over REST by GET, over gRPC by another method. */
  readonly askInfo: CallPredictor;
  readonly close: () => Promise<void>;
}

const setting = "the node's endpoint in ENGINE_PREDICTOR";

/** @param connections most calls at once */
export function openNodeClient(config: AdapterConfig, url: URL, connections: number): NodeClient {
  const { connectTimeoutMs, maxAnswerBytes } = config;
  const options = { url, connectTimeoutMs, tls: noTlsFiles, maxAnswerBytes, setting };
  const predictorUrl = url.href.replace(/\/$/, '');
  if (config.transport === 'grpc') {
    const binding = grpcBindingOf(config.protocol, 'model');
    const { call, close } = createGrpcClient(options);
    const ask = (model: string) => createAskGrpc({ binding, model, predictorUrl }, call);
    return { call, ask, askInfo: call, close };
  }
  const protocol = protocols[config.protocol];
  const { call, probe, ask: askInfo, close } = createRestClient({ ...options, connections });
  const ask = (model: string) => createAskRest({ protocol, model, predictorUrl }, probe);
  return { call, ask, askInfo, close };
}
