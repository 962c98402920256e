/** Status and metadata of Seldon's own protocol, asked over gRPC. */

import { healthCheck } from '../grpc-health.ts';
import type { GrpcInfo, GrpcQuestion } from '../grpc-info.ts';
import { bytesField, firstField } from '../protobuf.ts';
import { jsonOf } from './message-json.ts';
import { seldon } from './protocol.ts';

/** `HealthCheckResponse.ServingStatus`. */
const servingStatuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

const health: GrpcQuestion = {
  path: healthCheck.path,
  message: healthCheck.message,
  read: (answer) => ({
    status: healthCheck.isReady(answer) ? 200 : 503,
    json: { status: servingStatuses[Number(firstField(answer, 1) ?? 0)] ?? 'UNKNOWN' },
  }),
};

/** As Seldon's wrapper tells it over REST: every member is there, and sizes are numbers. */
function metadataIn(answer: Uint8Array): unknown {
  const { inputs, outputs, ...told } = jsonOf('SeldonModelMetadata', answer);
  return {
    name: '',
    versions: [],
    platform: '',
    ...told,
    inputs: withNumbers(inputs),
    outputs: withNumbers(outputs),
  };
}

interface MessageMetadata {
  readonly shape?: readonly unknown[];
}

const withNumbers = (all: unknown): MessageMetadata[] =>
  ((all ?? []) as MessageMetadata[]).map((one) =>
    one.shape === undefined ? one : { ...one, shape: one.shape.map(Number) },
  );

/** @param model as a whole service is asked about it; a node is asked by no name */
export function seldonInfo(service: 'model' | 'seldon', model: string): GrpcInfo {
  const metadata: GrpcQuestion = {
    path: `/seldon.protos.${service === 'model' ? 'Model/Metadata' : 'Seldon/ModelMetadata'}`,
    // SeldonModelMetadataRequest { string name = 1 }
    message: service === 'model' ? new Uint8Array() : bytesField(1, model),
    read: (answer) => ({ status: 200, json: metadataIn(answer) }),
  };
  return {
    paths: [health.path, metadata.path],
    questionOf: (restPath) => (restPath === seldon.readinessPath(undefined) ? health : metadata),
  };
}
