/** The graph of one model: the whole of what most SeldonDeployments are. */

import { addressOf, type GraphNode, grpcAddressOf, type PredictorGraph } from './node.ts';
import { stepsOf } from './steps.ts';

export interface SingleModel {
  readonly model: string;
  /** The transport that its endpoint's `type` names. */
  readonly transport: 'rest' | 'grpc';
  /** The model's base addresses; at least one of them is there. */
  readonly restUrl: URL | undefined;
  readonly grpcUrl: URL | undefined;
}

/**
 * A graph that is nothing but one model: its payloads pass through undecoded, as those of
 * PREDICTOR_URL do.
 */
export function singleModelOf({ root }: PredictorGraph): SingleModel | undefined {
  const [restUrl, grpcUrl] = [addressOf(root), grpcAddressOf(root)];
  if ((restUrl ?? grpcUrl) === undefined || !isModelAlone(root)) return undefined;
  const { transport = 'rest' } = root.endpoint ?? {};
  return { model: root.name, transport, restUrl, grpcUrl };
}

/** Whether it predicts and does nothing else. */
export function isModelAlone(node: GraphNode): boolean {
  const { before, route, combine, after } = stepsOf(node);
  if (node.children.length > 0 || before !== 'predict') return false;
  return (route ?? combine ?? after) === undefined;
}

const defaultPorts: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'grpc:': 80,
  'grpcs:': 443,
};

/** The graph that PREDICTOR_URL stands for. */
export function graphOfModel(name: string, url: URL): PredictorGraph {
  const transport = url.protocol.startsWith('grpc') ? 'grpc' : 'rest';
  const port = url.port === '' ? defaultPorts[url.protocol] : Number(url.port);
  const root: GraphNode = {
    name,
    type: 'MODEL',
    methods: [],
    implementation: undefined,
    parameters: new Map(),
    endpoint: { host: url.hostname, restPort: port, grpcPort: port, transport },
    logger: undefined,
    children: [],
  };
  return { name: undefined, root, images: new Map() };
}
