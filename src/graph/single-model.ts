/** The graph of one model: the whole of what most SeldonDeployments are. */

import { addressOf, type GraphNode, type PredictorGraph } from './node.ts';
import { stepsOf } from './steps.ts';

export interface SingleModel {
  readonly model: string;
  /** The model's base address. */
  readonly url: URL;
}

/**
 * A graph that is nothing but one model over REST: its payloads pass through undecoded, as those of
 * PREDICTOR_URL do.
 */
export function singleModelOf({ root }: PredictorGraph): SingleModel | undefined {
  const url = addressOf(root);
  if (url === undefined || !isModelAlone(root)) return undefined;
  return { model: root.name, url };
}

function isModelAlone(node: GraphNode): boolean {
  const { before, route, combine, after } = stepsOf(node);
  if (node.children.length > 0 || before !== 'predict') return false;
  return (route ?? combine ?? after) === undefined;
}

/** The graph that PREDICTOR_URL stands for. */
export function graphOfModel(name: string, url: URL): PredictorGraph {
  const port = url.port === '' ? { 'http:': 80, 'https:': 443 }[url.protocol] : Number(url.port);
  const root: GraphNode = {
    name,
    type: 'MODEL',
    methods: [],
    implementation: undefined,
    parameters: new Map(),
    endpoint: { host: url.hostname, restPort: port, grpcPort: undefined },
    logger: undefined,
    children: [],
  };
  return { name: undefined, root, images: new Map() };
}
