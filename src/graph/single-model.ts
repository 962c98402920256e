/** The graph of one model: the whole of what most SeldonDeployments are. */

import { builtIns, countNodes, type GraphNode, type PredictorGraph } from './node.ts';

export interface SingleModel {
  readonly model: string;
  /** The model's base address. */
  readonly url: URL;
}

/** @returns the model that is called over REST, or what of the graph cannot be served that way */
export function singleModelOf({ root }: PredictorGraph): SingleModel | readonly string[] {
  const problems = problemsOf(root);
  const host = root.endpoint?.host ?? '';
  const address = `http://${host.includes(':') ? `[${host}]` : host}:${root.endpoint?.restPort}`;
  if (problems.length === 0 && !URL.canParse(address)) {
    problems.push('graph.endpoint.service_host: expected a host name or an address');
  }
  return problems.length > 0 ? problems : { model: root.name, url: new URL(address) };
}

function problemsOf(root: GraphNode): string[] {
  const problems: string[] = [];
  const nodes = countNodes(root);
  if (nodes > 1) {
    problems.push(`graph: it has ${nodes} nodes; this version serves graphs of one MODEL`);
  } else if (root.type !== 'MODEL' || builtIns.includes(root.implementation ?? '')) {
    const kind = root.type === 'MODEL' ? root.implementation : root.type;
    problems.push(`graph: ${kind} is not supported by this version; it serves one MODEL`);
  }
  if (root.endpoint?.restPort === undefined) {
    problems.push('graph.endpoint: expected service_host and httpPort (or service_port) for REST');
  }
  return problems;
}
