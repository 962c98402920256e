/** How the predictors of a SeldonDeployment are called. */

import { nodesOf } from './graph-nodes.ts';
import type { Predictor, SeldonDeployment } from './seldon-deployment.ts';

export const protocols = ['seldon', 'tensorflow', 'v2'] as const;
export type Protocol = (typeof protocols)[number];
export const transports = ['rest', 'grpc'] as const;
export type Transport = (typeof transports)[number];
export const serverTypes = ['rpc', 'kafka'] as const;
export type ServerType = (typeof serverTypes)[number];

const wordOf = <const Word extends string>(
  given: string | undefined,
  words: readonly [Word, ...Word[]],
): Word | undefined =>
  // An empty word is how Seldon's operator writes one that is not set.
  given === undefined || given === ''
    ? words[0]
    : words.find((word) => word === given.toLowerCase());

/** @returns undefined where it is unknown; `kfserving` is an older name of `v2` */
export const protocolOf = ({ spec }: SeldonDeployment): Protocol | undefined =>
  spec.protocol?.toLowerCase() === 'kfserving' ? 'v2' : wordOf(spec.protocol, protocols);

export const serverTypeOf = ({ spec }: SeldonDeployment): ServerType | undefined =>
  wordOf(spec.serverType, serverTypes);

/** The transport of `spec`, else the one that the graph's endpoints name. */
export function transportOf(
  { spec }: SeldonDeployment,
  predictor: Predictor,
): Transport | undefined {
  if ((spec.transport ?? '') !== '') return wordOf(spec.transport, transports);
  const [type] = endpointTypes(predictor);
  return wordOf(type, transports);
}

/** The transports that the endpoints of a graph name. */
export const endpointTypes = (predictor: Predictor): string[] => [
  ...new Set(
    nodesOf(predictor.graph)
      .map(({ node }) => node.endpoint?.type?.toLowerCase() ?? '')
      .filter((type) => type !== ''),
  ),
];

/**
 * The path that a predictor is called at: Seldon's own, since Triggers and clients know it.
 * @param model name of the graph's root; check-graph.ts lets none through that a path would quote
 */
export function predictionPath(protocol: Protocol, model: string): string {
  switch (protocol) {
    case 'seldon':
      return '/api/v1.0/predictions';
    case 'tensorflow':
      return `/v1/models/${model}:predict`;
    case 'v2':
      return `/v2/models/${model}/infer`;
  }
}
