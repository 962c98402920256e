/**
 * What is done at a node, out of its type, methods and implementation, as Seldon's executor reads
 * them.
 *
 * S1 A built-in implementation is what it is: its type and methods are not looked at.
 * S2 `methods` override `type` wherever they concern the same step: a MODEL with TRANSFORM_INPUT is
 *    called at /transform-input. Steps that no method concerns are the type's, so that a ROUTER with
 *    SEND_FEEDBACK still routes.
 */

import { type GraphNode, isBuiltIn, type NodeMethod, type NodeType } from './node.ts';

/** The calls that a node can take. */
export const nodeCallNames = [
  'predict',
  'transform-input',
  'transform-output',
  'route',
  'aggregate',
  'send-feedback',
] as const;
export type NodeCallName = (typeof nodeCallNames)[number];

export interface Steps {
  /** To the message on its way down. */
  readonly before: 'predict' | 'transform-input' | 'simple-model' | undefined;
  /** How one of the children is chosen; undefined: all are called. */
  readonly route: 'call' | 'random' | 'first' | undefined;
  /** How the children's answers become one; undefined: the first one answers. */
  readonly combine: 'call' | 'average' | undefined;
  /** To the message on its way up. */
  readonly after: 'transform-output' | undefined;
  readonly feedback: boolean;
}

const nothing: Steps = {
  before: undefined,
  route: undefined,
  combine: undefined,
  after: undefined,
  feedback: false,
};

const ofBuiltIn: Readonly<Record<string, Partial<Steps>>> = {
  SIMPLE_MODEL: { before: 'simple-model' },
  SIMPLE_ROUTER: { route: 'first' },
  RANDOM_ABTEST: { route: 'random' },
  AVERAGE_COMBINER: { combine: 'average' },
};

const ofType: Readonly<Record<NodeType, Partial<Steps>>> = {
  MODEL: { before: 'predict', feedback: true },
  TRANSFORMER: { before: 'transform-input' },
  OUTPUT_TRANSFORMER: { after: 'transform-output' },
  ROUTER: { route: 'call', feedback: true },
  COMBINER: { combine: 'call' },
};

const ofMethod: Readonly<Record<NodeMethod, Partial<Steps>>> = {
  TRANSFORM_INPUT: { before: 'transform-input' },
  TRANSFORM_OUTPUT: { after: 'transform-output' },
  ROUTE: { route: 'call' },
  AGGREGATE: { combine: 'call' },
  SEND_FEEDBACK: { feedback: true },
};

/** The steps at a node. */
export function stepsOf(node: GraphNode): Steps {
  const { implementation = '', type, methods } = node;
  if (isBuiltIn(node)) return { ...nothing, ...ofBuiltIn[implementation] };
  const ofItsType = type === undefined ? {} : ofType[type];
  return Object.assign({}, nothing, ofItsType, ...methods.map((method) => ofMethod[method]));
}

/** Whether anything is called at the node's own service. */
export const isCalled = ({ before, route, combine, after, feedback }: Steps): boolean =>
  feedback ||
  (before !== undefined && before !== 'simple-model') ||
  route === 'call' ||
  combine === 'call' ||
  after !== undefined;
