/** The nodes of an inference graph. */

import { builtIns } from '../../graph/node.ts';
import type { GraphNode } from './seldon-deployment.ts';

export interface PlacedNode {
  readonly node: GraphNode;
  /** The field that has it, as a path from the first one. */
  readonly field: string;
}

/** All nodes of a graph, each before its children. */
export const nodesOf = (node: GraphNode, field = 'graph'): PlacedNode[] => [
  { node, field },
  ...(node.children ?? []).flatMap((child, index) => nodesOf(child, `${field}.children[${index}]`)),
];

export const nodeTypes = [
  'UNKNOWN_TYPE',
  'ROUTER',
  'COMBINER',
  'MODEL',
  'TRANSFORMER',
  'OUTPUT_TRANSFORMER',
];

const unknownImplementation = 'UNKNOWN_IMPLEMENTATION';

/** The implementation of a node, as far as it names one. */
export const implementationOf = ({ implementation }: GraphNode): string | undefined =>
  implementation === '' || implementation === unknownImplementation ? undefined : implementation;

export const isBuiltIn = (node: GraphNode): boolean =>
  builtIns.includes(implementationOf(node) ?? '');

/** The name of the prepackaged server that a node asks for. */
export const serverOf = (node: GraphNode): string | undefined =>
  isBuiltIn(node) ? undefined : implementationOf(node);

/** Seldon's default: what says nothing of itself is a model, and so is every prepackaged server. */
export function typeOf(node: GraphNode): string | undefined {
  if (serverOf(node) !== undefined) return 'MODEL';
  if (node.type !== undefined && node.type !== '') return node.type;
  const isSilent = node.methods === undefined && node.implementation === undefined;
  return isSilent ? 'MODEL' : undefined;
}
