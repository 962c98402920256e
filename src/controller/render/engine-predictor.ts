/** `ENGINE_PREDICTOR`: the predictor as its adapter is told of it. */

import { encodePredictor } from '../../graph/predictor-entry.ts';
import { canonical } from './canonical.ts';
import { implementationOf, typeOf } from './graph-nodes.ts';
import { labelsOf } from './labels.ts';
import type { PlannedPredictor } from './plan.ts';
import type { GraphNode } from './seldon-deployment.ts';

/**
 * Makes the base64 of a `spec.predictors[]` entry in JSON, with the graph's defaults and endpoints
 * filled in as Seldon's operator does.
 *
 * Left out is what the adapter does not read: replicas, traffic and scaling, since a pod must not be
 * replaced for a change of them, and variables, since they may be secret.
 */
export function enginePredictor(
  plan: PlannedPredictor,
  images: ReadonlyMap<string, string>,
): string {
  const { name, annotations, shadow, graph } = plan.predictor;
  const entry = {
    name,
    annotations,
    labels: labelsOf(plan.predictor),
    shadow,
    graph: filled(graph, plan),
    // Dashboards tell models apart by the image that answered.
    componentSpecs: plan.components
      .filter(({ containers }) => containers.length > 0)
      .map(({ containers }) => ({
        spec: {
          containers: containers.map(({ container }) => ({
            name: container.name,
            image: images.get(container.name),
          })),
        },
      })),
  };
  return encodePredictor(canonical(entry));
}

function filled(node: GraphNode, plan: PlannedPredictor): unknown {
  const endpoint = plan.endpoints.get(node.name);
  const isGrpc = plan.transport === 'grpc';
  return {
    ...node,
    type: typeOf(node),
    implementation: implementationOf(node) ?? 'UNKNOWN_IMPLEMENTATION',
    endpoint: endpoint && {
      service_host: endpoint.host,
      service_port: isGrpc ? endpoint.grpcPort : endpoint.httpPort,
      httpPort: endpoint.httpPort,
      grpcPort: endpoint.grpcPort,
      type: isGrpc ? 'GRPC' : 'REST',
    },
    children: node.children?.map((child) => filled(child, plan)),
  };
}
