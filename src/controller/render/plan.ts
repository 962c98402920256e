/**
 * Where everything of a predictor goes: containers into pods, nodes of the graph to ports and hosts,
 * the adapter beside the root.
 */

import { type Protocol, protocolOf, type Transport, transportOf } from './call-style.ts';
import { nodesOf, serverOf } from './graph-nodes.ts';
import {
  adapterContainer,
  adapterDeployment,
  componentDeployment,
  nodeService,
  predictorService,
} from './names.ts';
import { assignPorts, type NodePorts } from './node-ports.ts';
import type { RenderSettings } from './rendered.ts';
import type {
  ComponentSpec,
  Container,
  GraphNode,
  Predictor,
  SeldonDeployment,
} from './seldon-deployment.ts';

export interface PlannedContainer {
  /** As the user wrote it; a name alone for a server that the user does not mention. */
  readonly container: Container;
  /** What is called here; undefined for a container beside the graph. */
  readonly node: { readonly node: GraphNode; readonly ports: NodePorts } | undefined;
}

/** A Deployment to be. */
export interface PlannedComponent {
  /** Its place in `componentSpecs`. */
  readonly index: number;
  readonly component: ComponentSpec;
  readonly containers: readonly PlannedContainer[];
  readonly deployment: string;
  readonly hasAdapter: boolean;
}

/** Where a node is called. */
export interface Endpoint {
  readonly host: string;
  readonly httpPort: number;
  readonly grpcPort: number;
}

export interface PlannedPredictor {
  readonly sdep: SeldonDeployment;
  readonly predictor: Predictor;
  readonly protocol: Protocol;
  readonly transport: Transport;
  readonly service: string;
  /** One of them has the adapter. */
  readonly components: readonly PlannedComponent[];
  /** By the node's name; nodes that the adapter itself is have none. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly settings: RenderSettings;
}

/** Plans a predictor that has been found to be sound (check.ts). */
export function planPredictor(
  sdep: SeldonDeployment,
  predictor: Predictor,
  settings: RenderSettings,
): PlannedPredictor {
  const components = planComponents(sdep, predictor, settings);
  return {
    sdep,
    predictor,
    protocol: protocolOf(sdep) ?? 'seldon',
    transport: transportOf(sdep, predictor) ?? 'rest',
    service: predictorService(sdep, predictor),
    components,
    endpoints: endpointsOf(sdep, predictor, components, settings),
    settings,
  };
}

/** Every container with what `componentSpecs` says of it, and those of servers that it leaves out. */
export function containersOf(predictor: Predictor): ComponentSpec[] {
  const given = predictor.componentSpecs ?? [];
  const named = new Set(given.flatMap(({ spec }) => spec.containers.map(({ name }) => name)));
  const missing = nodesOf(predictor.graph)
    .filter(({ node }) => serverOf(node) !== undefined && !named.has(node.name))
    .map(({ node: { name } }): Container => ({ name }));
  if (missing.length === 0) return [...given];
  const [first = { spec: { containers: [] } }, ...others] = given;
  const containers = [...first.spec.containers, ...missing];
  return [{ ...first, spec: { ...first.spec, containers } }, ...others];
}

function planComponents(
  sdep: SeldonDeployment,
  predictor: Predictor,
  settings: RenderSettings,
): PlannedComponent[] {
  const components = containersOf(predictor);
  const nodes = new Map(nodesOf(predictor.graph).map(({ node }) => [node.name, node]));
  const ports = assignPorts(components, nodes, transportOf(sdep, predictor) ?? 'rest', settings);
  const place = adapterPlace(sdep, predictor, components, nodes);
  const planned = components.map((component, index): PlannedComponent => {
    const { containers } = component.spec;
    return {
      index,
      component,
      containers: containers.map((container) => {
        const [node, at] = [nodes.get(container.name), ports.get(container.name)];
        return { container, node: node && at && { node, ports: at } };
      }),
      deployment: componentDeployment(sdep, predictor, index, component, namesOf(component)),
      hasAdapter: index === place,
    };
  });
  return place === undefined
    ? [...planned, adapterAlone(sdep, predictor, components.length)]
    : planned;
}

const namesOf = ({ spec }: ComponentSpec): string[] => spec.containers.map(({ name }) => name);

/** A pod for the adapter alone: where it is asked for, and where no node has a container. */
function adapterAlone(
  sdep: SeldonDeployment,
  predictor: Predictor,
  index: number,
): PlannedComponent {
  const { svcOrchSpec = {} } = predictor;
  const component: ComponentSpec = {
    spec: { containers: [] },
    ...(svcOrchSpec.replicas === undefined ? {} : { replicas: svcOrchSpec.replicas }),
  };
  const deployment = adapterDeployment(sdep, predictor);
  return { index, component, containers: [], deployment, hasAdapter: true };
}

/** @returns the component that the adapter joins: the root's, so that most calls stay in the pod */
function adapterPlace(
  sdep: SeldonDeployment,
  predictor: Predictor,
  components: readonly ComponentSpec[],
  nodes: ReadonlyMap<string, GraphNode>,
): number | undefined {
  const asked = sdep.spec.annotations?.['seldon.io/engine-separate-pod']?.toLowerCase();
  if (asked === 'true') return undefined;
  const placeOf = (isWanted: (name: string) => boolean): number =>
    components.findIndex((component) => namesOf(component).some(isWanted));
  const places = [
    placeOf((name) => name === adapterContainer),
    placeOf((name) => name === predictor.graph.name),
    placeOf((name) => nodes.has(name)),
  ];
  return places.find((place) => place >= 0);
}

function endpointsOf(
  sdep: SeldonDeployment,
  predictor: Predictor,
  components: readonly PlannedComponent[],
  settings: RenderSettings,
): Map<string, Endpoint> {
  const endpoints = new Map<string, Endpoint>();
  for (const { node } of nodesOf(predictor.graph)) {
    const external = externalEndpoint(node);
    if (external !== undefined) endpoints.set(node.name, external);
  }
  for (const { containers, hasAdapter } of components) {
    for (const { node: planned } of containers) {
      if (planned === undefined) continue;
      const { node, ports } = planned;
      const service = nodeService(sdep, predictor, node.name);
      const host = hasAdapter
        ? 'localhost'
        : `${service}.${sdep.metadata.namespace}.svc.${settings.clusterDomain}`;
      endpoints.set(node.name, { host, httpPort: ports.http, grpcPort: ports.grpc });
    }
  }
  return endpoints;
}

/** Where a node is that runs outside of the SeldonDeployment; undefined where it says too little. */
export function externalEndpoint(node: GraphNode): Endpoint | undefined {
  const {
    service_host: host = '',
    service_port: port = 0,
    httpPort,
    grpcPort,
  } = node.endpoint ?? {};
  const [http, grpc] = [httpPort || port, grpcPort || port];
  return host === '' || http + grpc === 0 ? undefined : { host, httpPort: http, grpcPort: grpc };
}
