/** Where a node is called, by protocol: the REST paths of Seldon's executor, or the methods of gRPC. */

import type { ProtocolName } from '../inference/protocol.ts';
import type { GraphNode } from './node.ts';
import { type NodeCallName, nodeCallNames } from './steps.ts';

/** The v2 and tensorflow protocols know one call for a model and for what transforms. */
const verbs = {
  tensorflow: {
    predict: ':predict',
    'transform-input': ':predict',
    'transform-output': ':predict',
    route: ':route',
    aggregate: ':aggregate',
    'send-feedback': ':feedback',
  },
  v2: {
    predict: '/infer',
    'transform-input': '/infer',
    'transform-output': '/infer',
    route: '/route',
    aggregate: '/aggregate',
    'send-feedback': '/feedback',
  },
} as const;

/** The services of Seldon's wrapper, by what they are called for. */
const methods: Readonly<Record<NodeCallName, string>> = {
  predict: 'Model/Predict',
  'transform-input': 'Transformer/TransformInput',
  'transform-output': 'OutputTransformer/TransformOutput',
  route: 'Router/Route',
  aggregate: 'Combiner/Aggregate',
  // Of routers too, as Seldon's executor has it: its wrapper offers all services of any node.
  'send-feedback': 'Model/SendFeedback',
};

/** The other protocols have one method, for a model and for what transforms. */
const chainMethods = {
  tensorflow: '/tensorflow.serving.PredictionService/Predict',
  v2: '/inference.GRPCInferenceService/ModelInfer',
} as const;

/** The path or method, by the transport of the node's endpoint. */
export function callPath(protocol: ProtocolName, call: NodeCallName, node: GraphNode): string {
  if (node.endpoint?.transport !== 'grpc') return nodePath(protocol, call, node.name);
  if (protocol !== 'seldon') return chainMethods[protocol];
  return `/seldon.protos.${methods[call]}`;
}

export function nodePath(protocol: ProtocolName, call: NodeCallName, node: string): string {
  switch (protocol) {
    case 'seldon':
      return `/${call}`;
    case 'tensorflow':
      return `/v1/models/${node}${verbs.tensorflow[call]}`;
    case 'v2':
      return `/v2/models/${node}${verbs.v2[call]}`;
    default:
      return protocol satisfies never;
  }
}

/** All paths of a node, for metrics to tell apart. */
export const nodePaths = (protocol: ProtocolName, node: GraphNode): string[] =>
  nodeCallNames.map((call) => callPath(protocol, call, node));
