/** Seldon's own protocol over gRPC: see its prediction.proto. */

import type { GrpcBinding, GrpcMethod, ServedMethod } from '../grpc-binding.ts';
import { healthCheck } from '../grpc-health.ts';
import { textField } from '../protobuf.ts';

const message = 'seldon.protos.SeldonMessage';

const predictOf = (service: string): GrpcMethod => ({
  path: `/seldon.protos.${service}/Predict`,
  request: message,
  reply: message,
});

/** The messages of feedback, in every protocol: only Seldon's has any. */
export const seldonFeedback = { request: 'seldon.protos.Feedback', reply: message } as const;

const metadataOf = (name: string): string => `/seldon.protos.${name}`;

/** A model is asked by no message at all: the name in the question, which it need not know, is no fault. */
const metadata: Readonly<Record<Service, readonly ServedMethod[]>> = {
  Model: [
    {
      path: metadataOf('Seldon/ModelMetadata'),
      target: metadataOf('Model/Metadata'),
      about: 'model',
    },
    {
      path: metadataOf('Seldon/GraphMetadata'),
      target: metadataOf('Seldon/GraphMetadata'),
      about: 'graph',
      ofNode: metadataOf('Model/Metadata'),
    },
  ],
  Seldon: ['Seldon/ModelMetadata', 'Seldon/GraphMetadata'].map((name) => ({
    path: metadataOf(name),
    target: metadataOf(name),
  })),
};

type Service = 'Model' | 'Seldon';

const bindingOf = (service: Service): GrpcBinding => ({
  methods: [predictOf(service)],
  otherMethods: [],
  feedback: { path: `/seldon.protos.${service}/SendFeedback`, ...seldonFeedback },
  // Whichever of the two a caller takes us for.
  served: [
    ...['Seldon', 'Model'].map((name) => ({
      path: predictOf(name).path,
      target: predictOf(service).path,
    })),
    ...metadata[service],
  ],
  readiness: () => [healthCheck],
  modelOf: () => undefined,
  // SeldonModelMetadataRequest { string name = 1 }
  askedOf: (question) => textField(question, 1),
});

/** A model server: a node of a graph. */
export const seldonModelGrpc = bindingOf('Model');
/** A whole service: another executor. */
export const seldonServiceGrpc = bindingOf('Seldon');
