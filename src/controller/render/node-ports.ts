/** The ports that the nodes of a graph listen on, counted up as Seldon's operator does. */

import type { Transport } from './call-style.ts';
import type { RenderSettings } from './rendered.ts';
import type { ComponentSpec, Container, GraphNode } from './seldon-deployment.ts';

export interface NodePorts {
  readonly http: number;
  readonly grpc: number;
  readonly metrics: number;
}

const first: NodePorts = { http: 9000, grpc: 9500, metrics: 6000 };

/**
 * Gives every node with a container its ports, by the container's name: those that the container
 * names `http`, `grpc` and `metrics`, else those of the graph's `endpoint`, else the next free ones.
 * They are told apart over the whole predictor, so that components can be joined without a clash.
 */
export function assignPorts(
  components: readonly ComponentSpec[],
  nodes: ReadonlyMap<string, GraphNode>,
  transport: Transport,
  settings: RenderSettings,
): Map<string, NodePorts> {
  const containers = components.flatMap(({ spec }) => spec.containers);
  const taken = new Set([settings.httpPort, settings.grpcPort]);
  for (const { ports = [] } of containers) {
    for (const { containerPort } of ports) taken.add(containerPort);
  }
  const assigned = new Map<string, NodePorts>();
  for (const container of containers) {
    const node = nodes.get(container.name);
    if (node === undefined) continue;
    const wanted = wantedPorts(node, transport);
    const take = (kind: keyof NodePorts): number =>
      namedPort(container, kind) ??
      declaredPort(container, wanted[kind]) ??
      takeFree(wanted[kind], taken) ??
      takeNext(first[kind], taken);
    assigned.set(container.name, {
      http: take('http'),
      grpc: take('grpc'),
      metrics: take('metrics'),
    });
  }
  return assigned;
}

/** What the graph's `endpoint` asks for; `service_port` is the one of its transport. */
function wantedPorts({ endpoint = {} }: GraphNode, transport: Transport): Partial<NodePorts> {
  const { service_port: port = 0, httpPort = 0, grpcPort = 0 } = endpoint;
  const isGrpc = transport === 'grpc';
  return { http: httpPort || (isGrpc ? 0 : port), grpc: grpcPort || (isGrpc ? port : 0) };
}

const declaredPort = ({ ports = [] }: Container, wanted: number | undefined): number | undefined =>
  ports.find(({ containerPort }) => containerPort === wanted)?.containerPort;

const namedPort = ({ ports = [] }: Container, wanted: string): number | undefined =>
  ports.find(({ name }) => name === wanted)?.containerPort;

function takeFree(port: number | undefined, taken: Set<number>): number | undefined {
  if (port === undefined || port === 0 || taken.has(port)) return undefined;
  taken.add(port);
  return port;
}

function takeNext(from: number, taken: Set<number>): number {
  let port = from;
  while (taken.has(port)) port += 1;
  taken.add(port);
  return port;
}
