/** The one transport by which the nodes of a graph are called, and what must hold for it. */

import type { ProtocolName } from '../inference/protocol.ts';
import { type GraphNode, nodesOf, type PredictorGraph, urlOfNode } from './node.ts';
import { isCalled, stepsOf } from './steps.ts';

export type Transport = 'rest' | 'grpc';

const calledNodes = ({ root }: PredictorGraph): GraphNode[] =>
  nodesOf(root).filter((node) => isCalled(stepsOf(node)));

/** The called nodes whose endpoints are of this type. */
export const nodesOfTransport = (graph: PredictorGraph, transport: Transport): GraphNode[] =>
  calledNodes(graph).filter(({ endpoint }) => (endpoint?.transport ?? 'rest') === transport);

/** What the endpoints' types say; undefined where they differ. */
export function transportOfGraph(graph: PredictorGraph): Transport | undefined {
  if (nodesOfTransport(graph, 'grpc').length === 0) return 'rest';
  return nodesOfTransport(graph, 'rest').length === 0 ? 'grpc' : undefined;
}

/** The graph whose nodes are all called by this transport. */
export const withTransport = (graph: PredictorGraph, transport: Transport): PredictorGraph => ({
  ...graph,
  root: nodeWith(graph.root, transport),
});

const nodeWith = (node: GraphNode, transport: Transport): GraphNode => ({
  ...node,
  endpoint: node.endpoint && { ...node.endpoint, transport },
  children: node.children.map((child) => nodeWith(child, transport)),
});

/** Why a graph cannot be walked over this transport: one sentence; undefined where it can. */
export function transportProblem(
  graph: PredictorGraph,
  transport: Transport,
  protocol: ProtocolName,
): string | undefined {
  const nodes = calledNodes(withTransport(graph, transport));
  const homeless = nodes.filter((node) => urlOfNode(node) === undefined);
  if (homeless.length > 0) {
    const expected = transport === 'grpc' ? 'grpcPort' : 'httpPort';
    const type = transport === 'grpc' ? 'GRPC' : 'REST';
    return `the endpoint of ${namesOf(homeless)} has no ${expected} (or service_port with type ${type}), and all nodes of the graph are called over ${transport}`;
  }
  if (transport === 'rest' || protocol === 'seldon') return undefined;
  const others = nodes.filter((node) => {
    const { route, combine } = stepsOf(node);
    return route === 'call' || combine === 'call';
  });
  return others.length === 0
    ? undefined
    : `${namesOf(others)} routes or combines, for which the ${protocol} protocol has no call over gRPC; call the graph over REST, or use the seldon protocol`;
}

export const namesOf = (nodes: readonly GraphNode[]): string =>
  nodes.map(({ name }) => name).join(', ');
