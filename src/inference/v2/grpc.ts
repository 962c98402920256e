/** The v2 (Open Inference) protocol over gRPC: its grpc_predict_v2.proto, package `inference`. */

import { Buffer } from 'node:buffer';
import type { GrpcBinding, ReadinessQuestion, ServedMethod } from '../grpc-binding.ts';
import { healthCheck } from '../grpc-health.ts';
import { bytesField, firstField, textField } from '../protobuf.ts';

const service = '/inference.GRPCInferenceService';
/** Both responses: { bool ready = 1 }. */
const isReady = (answer: Uint8Array): boolean => firstField(answer, 1) === 1;

/** ModelReadyRequest { string name = 1 }; without a model, ServerReadyRequest {}. */
const readyQuestion = (model: string | undefined): ReadinessQuestion =>
  model === undefined
    ? { path: `${service}/ServerReady`, message: new Uint8Array(), isReady }
    : { path: `${service}/ModelReady`, message: bytesField(1, model), isReady };

const passedOn = (name: string): ServedMethod => ({
  path: `${service}/${name}`,
  target: `${service}/${name}`,
});

export const v2Grpc: GrpcBinding = {
  methods: [
    {
      path: `${service}/ModelInfer`,
      request: 'inference.ModelInferRequest',
      reply: 'inference.ModelInferResponse',
    },
  ],
  otherMethods: [],
  feedback: undefined,
  // ServerLive and ServerReady ask about us: src/grpc/health.ts.
  served: [
    passedOn('ModelInfer'),
    { ...passedOn('ModelReady'), about: 'model' },
    { ...passedOn('ModelMetadata'), about: 'model' },
    { ...passedOn('ServerMetadata'), about: 'server' },
  ],
  readiness: (model) => [readyQuestion(model), readyQuestion(undefined), healthCheck],
  modelOf: (request) => {
    // ModelInferRequest { string model_name = 1 }
    const name = firstField(request, 1);
    return name instanceof Uint8Array ? Buffer.from(name).toString('utf8') : undefined;
  },
  // ModelReadyRequest and ModelMetadataRequest { string name = 1 }
  askedOf: (question) => textField(question, 1),
};
