/** An inference graph: what a predictor is made of (Seldon's `spec.predictors[].graph`). */

export const nodeTypes = [
  'MODEL',
  'TRANSFORMER',
  'OUTPUT_TRANSFORMER',
  'ROUTER',
  'COMBINER',
] as const;
export type NodeType = (typeof nodeTypes)[number];

/** Implementations that Seldon's executor is itself, without any container. */
export const builtIns = ['SIMPLE_MODEL', 'SIMPLE_ROUTER', 'RANDOM_ABTEST', 'AVERAGE_COMBINER'];

/** Where a node is called. */
export interface Endpoint {
  readonly host: string;
  readonly restPort: number | undefined;
  readonly grpcPort: number | undefined;
  /** Which of the two its `type` says. */
  readonly transport: 'rest' | 'grpc';
}

export interface GraphNode {
  readonly name: string;
  /** `MODEL` where the graph says nothing, as in Seldon. */
  readonly type: NodeType;
  /** A built-in unit or a prepackaged server; undefined for a container of the user's own. */
  readonly implementation: string | undefined;
  readonly endpoint: Endpoint | undefined;
  readonly children: readonly GraphNode[];
}

/** One predictor of a SeldonDeployment. */
export interface PredictorGraph {
  readonly name: string | undefined;
  readonly root: GraphNode;
}

/** How many nodes there are in all. */
export const countNodes = (node: GraphNode): number =>
  node.children.reduce((sum, child) => sum + countNodes(child), 1);
