/** TensorFlow Serving's protocol over gRPC: its prediction_service.proto and model_service.proto. */

import { Buffer } from 'node:buffer';
import type { GrpcBinding, GrpcMethod, ReadinessQuestion } from '../grpc-binding.ts';
import { healthCheck } from '../grpc-health.ts';
import { bytesField, firstField, readFields, textField } from '../protobuf.ts';

const service = '/tensorflow.serving.PredictionService';
const methodOf = (name: string, messages = name): GrpcMethod => ({
  path: `${service}/${name}`,
  request: `tensorflow.serving.${messages}Request`,
  reply: `tensorflow.serving.${messages}Response`,
});
const predict = methodOf('Predict');
/** Beside `Predict`; all of them are unary. */
const otherMethods = [
  methodOf('Classify', 'Classification'),
  methodOf('Regress', 'Regression'),
  methodOf('MultiInference'),
];
const modelStatusPath = '/tensorflow.serving.ModelService/GetModelStatus';

/** `ModelVersionStatus.State.AVAILABLE`. */
const available = 30;

/** Whether a version of the model is available. */
const modelStatus = (model: string | undefined): ReadinessQuestion => ({
  path: modelStatusPath,
  // GetModelStatusRequest { ModelSpec model_spec = 1 { string name = 1 } }
  message: bytesField(1, bytesField(1, model ?? '')),
  isReady: (answer) => {
    let ready = false;
    // GetModelStatusResponse { repeated ModelVersionStatus model_version_status = 1 { State state = 2 } }
    readFields(answer, (field, value) => {
      if (field === 1 && value instanceof Uint8Array && firstField(value, 2) === available) {
        ready = true;
      }
      return !ready;
    });
    return ready;
  },
});

export const tensorflowGrpc: GrpcBinding = {
  methods: [predict],
  otherMethods,
  feedback: undefined,
  served: [
    ...[predict, ...otherMethods].map(({ path }) => ({ path, target: path })),
    ...[`${service}/GetModelMetadata`, modelStatusPath].map(
      (path) => ({ path, target: path, about: 'model' }) as const,
    ),
  ],
  readiness: (model) => [modelStatus(model), healthCheck],
  modelOf: (request) => {
    // PredictRequest { ModelSpec model_spec = 1 { string name = 1 } }
    const spec = firstField(request, 1);
    const name = spec instanceof Uint8Array ? firstField(spec, 1) : undefined;
    return name instanceof Uint8Array ? Buffer.from(name).toString('utf8') : undefined;
  },
  // GetModelStatusRequest and GetModelMetadataRequest { ModelSpec model_spec = 1 { string name = 1 } }
  askedOf: (question) => {
    const spec = firstField(question, 1);
    return spec instanceof Uint8Array ? textField(spec, 1) : '';
  },
};
