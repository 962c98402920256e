/** The graph of one model: the whole of what most SeldonDeployments are. */

import {
  builtIns,
  countNodes,
  type Endpoint,
  type GraphNode,
  type PredictorGraph,
} from './node.ts';

export interface SingleModel {
  readonly model: string;
  /** The transport that its endpoint's `type` names. */
  readonly transport: 'rest' | 'grpc';
  /** The model's base addresses; at least one of them is there. */
  readonly restUrl: URL | undefined;
  readonly grpcUrl: URL | undefined;
}

/** @returns the model and how it is called, or what of the graph cannot be served that way */
export function singleModelOf({ root }: PredictorGraph): SingleModel | readonly string[] {
  const problems = problemsOf(root);
  const { endpoint } = root;
  if (endpoint === undefined || problems.length > 0) return problems;
  const [restUrl, grpcUrl] = [
    urlOf('http', endpoint, endpoint.restPort),
    urlOf('grpc', endpoint, endpoint.grpcPort),
  ];
  if (restUrl === null || grpcUrl === null) {
    return ['graph.endpoint.service_host: expected a host name or an address'];
  }
  return { model: root.name, transport: endpoint.transport, restUrl, grpcUrl };
}

/** @returns undefined without a port, null where the host is none */
function urlOf(
  scheme: string,
  { host }: Endpoint,
  port: number | undefined,
): URL | undefined | null {
  if (port === undefined) return undefined;
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  // Only the schemes that URL knows have their hosts checked.
  if (!URL.canParse(`http://${authority}`)) return null;
  return new URL(`${scheme}://${authority}`);
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
  const { restPort, grpcPort } = root.endpoint ?? {};
  if (restPort === undefined && grpcPort === undefined) {
    problems.push(
      'graph.endpoint: expected service_host and httpPort or grpcPort (or service_port)',
    );
  }
  return problems;
}
