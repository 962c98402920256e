/** The REST paths at which Seldon's executor calls a node, by protocol. */

import type { ProtocolName } from '../inference/protocol.ts';
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
export const nodePaths = (protocol: ProtocolName, node: string): string[] =>
  nodeCallNames.map((call) => nodePath(protocol, call, node));
