/** An inference graph: what a predictor is made of (Seldon's `spec.predictors[].graph`). */

export const nodeTypes = [
  'MODEL',
  'TRANSFORMER',
  'OUTPUT_TRANSFORMER',
  'ROUTER',
  'COMBINER',
] as const;
export type NodeType = (typeof nodeTypes)[number];

export const nodeMethods = [
  'TRANSFORM_INPUT',
  'TRANSFORM_OUTPUT',
  'ROUTE',
  'AGGREGATE',
  'SEND_FEEDBACK',
] as const;
export type NodeMethod = (typeof nodeMethods)[number];

/** Implementations that Seldon's executor is itself, without any container. */
export const builtIns = ['SIMPLE_MODEL', 'SIMPLE_ROUTER', 'RANDOM_ABTEST', 'AVERAGE_COMBINER'];

/** Where a node is called. */
export interface Endpoint {
  readonly host: string;
  readonly restPort: number | undefined;
  readonly grpcPort: number | undefined;
  /** Which of the two is called: what its `type` says, or a setting (transport.ts). */
  readonly transport: 'rest' | 'grpc';
}

export const loggerModes = ['all', 'request', 'response'] as const;

/** What of a node's payloads is copied to a sink, as CloudEvents. */
export interface NodeLogger {
  readonly mode: (typeof loggerModes)[number];
  /** Undefined: the sink of all loggers that name none. */
  readonly url: URL | undefined;
}

export interface GraphNode {
  readonly name: string;
  /** `MODEL` where the graph says nothing; undefined for UNKNOWN_TYPE. */
  readonly type: NodeType | undefined;
  /** What it does beside, or instead of, what its type says: see steps.ts. */
  readonly methods: readonly NodeMethod[];
  /** A built-in unit or a prepackaged server; undefined for a container of the user's own. */
  readonly implementation: string | undefined;
  readonly parameters: ReadonlyMap<string, string>;
  readonly endpoint: Endpoint | undefined;
  readonly logger: NodeLogger | undefined;
  readonly children: readonly GraphNode[];
}

/** One predictor of a SeldonDeployment. */
export interface PredictorGraph {
  readonly name: string | undefined;
  readonly root: GraphNode;
  /** The image of each container: a node's is that of its own name. */
  readonly images: ReadonlyMap<string, string>;
}

/** All nodes of a graph, each before its children. */
export const nodesOf = (node: GraphNode): GraphNode[] => [node, ...node.children.flatMap(nodesOf)];

/** Whether it is a unit that needs no container. */
export const isBuiltIn = ({ implementation }: GraphNode): boolean =>
  builtIns.includes(implementation ?? '');

/** Where a node is called, over the transport of its endpoint. */
export const urlOfNode = (node: GraphNode): URL | undefined =>
  node.endpoint?.transport === 'grpc' ? grpcAddressOf(node) : addressOf(node);

/** The base address of a node over REST; undefined where it names none that is one. */
export const addressOf = ({ endpoint }: GraphNode): URL | undefined =>
  endpoint && urlOf('http', endpoint, endpoint.restPort);

/** Likewise over gRPC. */
export const grpcAddressOf = ({ endpoint }: GraphNode): URL | undefined =>
  endpoint && urlOf('grpc', endpoint, endpoint.grpcPort);

function urlOf(scheme: string, { host }: Endpoint, port: number | undefined): URL | undefined {
  if (port === undefined) return undefined;
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  // Only the schemes that URL knows have their hosts checked.
  return URL.canParse(`http://${authority}`) ? new URL(`${scheme}://${authority}`) : undefined;
}
