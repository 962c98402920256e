/** Whether a graph can be walked: what is wrong is told at the start, and not to every request. */

import {
  addressOf,
  type GraphNode,
  grpcAddressOf,
  isBuiltIn,
  nodesOf,
  type PredictorGraph,
} from './node.ts';
import { isCalled, type Steps, stepsOf } from './steps.ts';

/** @returns every fault of the graph, with its field */
export const problemsOf = ({ root }: PredictorGraph): string[] => checkNode(root, 'graph');

function checkNode(node: GraphNode, where: string): string[] {
  const steps = stepsOf(node);
  return [
    ...checkKind(node, steps, where),
    ...checkEndpoint(node, steps, where),
    ...checkChildren(node, steps, where),
    ...node.children.flatMap((child, i) => checkNode(child, `${where}.children[${i}]`)),
  ];
}

function checkKind(node: GraphNode, steps: Steps, where: string): string[] {
  if (isBuiltIn(node) || isCalled(steps)) return [];
  return [
    `${where}.type: UNKNOWN_TYPE does nothing; give "${node.name}" a type, or the methods that it has`,
  ];
}

/** Over which transport it is called is not known yet: see transport.ts. */
function checkEndpoint(node: GraphNode, steps: Steps, where: string): string[] {
  if (!isCalled(steps) || (addressOf(node) ?? grpcAddressOf(node)) !== undefined) return [];
  const { restPort, grpcPort } = node.endpoint ?? {};
  return (restPort ?? grpcPort) === undefined
    ? [`${where}.endpoint: expected service_host and httpPort or grpcPort (or service_port)`]
    : [`${where}.endpoint.service_host: expected a host name or an address`];
}

/** How many children a node needs, by what it does. */
function checkChildren(node: GraphNode, steps: Steps, where: string): string[] {
  const { name, implementation, children } = node;
  const problems: string[] = [];
  if (steps.route === 'random') {
    if (children.length !== 2) {
      problems.push(`${where}.children: RANDOM_ABTEST chooses between 2, found ${children.length}`);
    }
    const ratio = ratioOf(node);
    if (!(ratio >= 0 && ratio <= 1)) {
      problems.push(`${where}.parameters: ratioA: expected a number from 0 to 1`);
    }
  } else if (children.length === 0 && (steps.route ?? steps.combine) !== undefined) {
    const kind = isBuiltIn(node) ? implementation : steps.route ? 'router' : 'combiner';
    problems.push(`${where}.children: "${name}" is a ${kind} and needs at least one child`);
  }
  return problems;
}

/** The share of requests that the first of two children gets; a half where nothing is said. */
export const ratioOf = ({ parameters }: GraphNode): number => {
  const text = parameters.get('ratioA');
  if (text === undefined) return 0.5;
  return text.trim() === '' ? Number.NaN : Number(text);
};

/** Built-in units that read and write Seldon's own messages, by the field of the first of each. */
export const seldonOnly = ({ root }: PredictorGraph): string[] =>
  nodesOf(root)
    .map(({ implementation = '' }) => implementation)
    .filter((name) => name === 'SIMPLE_MODEL' || name === 'AVERAGE_COMBINER');
