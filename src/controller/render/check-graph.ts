/** Whether every node of a predictor's graph can be called, and says what it does. */

import { builtIns, loggerModes, nodeMethods } from '../../graph/node.ts';
import type { Protocol, Transport } from './call-style.ts';
import type { Finding } from './finding.ts';
import {
  implementationOf,
  isBuiltIn,
  nodesOf,
  nodeTypes,
  type PlacedNode,
  serverOf,
} from './graph-nodes.ts';
import { adapterContainer, isDnsLabel, maxNameLength } from './names.ts';
import { externalEndpoint } from './plan.ts';
import { serverEntry, serverImage } from './prepackaged-server.ts';
import type { ServerImages } from './rendered.ts';
import type { GraphNode, Predictor } from './seldon-deployment.ts';
import { claimOf } from './storage-initializer.ts';

const problem = (reason: string, message: string): Finding => ({ reason, message });
const invalid = (message: string): Finding => problem('GraphInvalid', message);

/**
 * Finds all faults of a graph.
 * @param field the predictor's own, as a path
 * @param protocol undefined where it is unknown
 */
export function checkGraph(
  predictor: Predictor,
  field: string,
  protocol: Protocol | undefined,
  transport: Transport,
  servers: ServerImages,
): Finding[] {
  const nodes = nodesOf(predictor.graph, `${field}.graph`);
  const containers = new Set(
    predictor.componentSpecs?.flatMap(({ spec }) => spec.containers.map(({ name }) => name)),
  );
  return nodes.flatMap((placed, index) => [
    ...checkName(placed, nodes.slice(0, index)),
    ...checkKind(placed, servers),
    ...checkChildren(placed),
    ...(transport === 'grpc' ? checkCalls(placed, protocol) : []),
    ...checkSettings(placed, protocol),
    ...checkServer(placed, protocol, servers),
    ...checkPlace(placed, containers),
  ]);
}

function checkName({ node, field }: PlacedNode, before: readonly PlacedNode[]): Finding[] {
  // It stands in paths, in metrics and in the answers' routing.
  if (!/^\w[\w.-]*$/.test(node.name) || node.name === adapterContainer) {
    const name = JSON.stringify(node.name.slice(0, maxNameLength));
    const rule = `must be of letters, digits and "._-", and not "${adapterContainer}"`;
    return [problem('NameInvalid', `${field}.name: ${name} ${rule}; rename it`)];
  }
  const same = before.find((other) => other.node.name === node.name);
  if (same === undefined) return [];
  return [invalid(`${field}.name: "${node.name}" is the name of ${same.field} too; rename one`)];
}

function checkKind({ node, field }: PlacedNode, servers: ServerImages): Finding[] {
  const found: Finding[] = [];
  const { type = '', methods = [] } = node;
  const unknown = (path: string, given: string, words: readonly string[]) =>
    found.push(
      invalid(`${field}.${path}: unknown "${given}"; expected one of: ${words.join(', ')}`),
    );
  if (type !== '' && !nodeTypes.includes(type)) unknown('type', type, nodeTypes);
  methods.forEach((method, i) => {
    if (!(nodeMethods as readonly string[]).includes(method))
      unknown(`methods[${i}]`, method, nodeMethods);
  });
  const server = serverOf(node);
  if (server !== undefined && serverEntry(servers, server) === undefined) {
    unknown('implementation', server, [...builtIns, ...Object.keys(servers.byImplementation)]);
  }
  if (type === 'UNKNOWN_TYPE' && methods.length === 0 && implementationOf(node) === undefined) {
    found.push(
      invalid(`${field}.type: UNKNOWN_TYPE does nothing; give a type, or the methods that it has`),
    );
  }
  return found;
}

/** What a node does to its children, if anything: as the adapter reads it. */
function kindOf(node: GraphNode): string | undefined {
  if (isBuiltIn(node)) return implementationOf(node);
  if (node.methods?.includes('ROUTE')) return 'ROUTER';
  return node.methods?.includes('AGGREGATE') ? 'COMBINER' : node.type;
}

/** How many children a node needs, by what it is. */
function checkChildren({ node, field }: PlacedNode): Finding[] {
  const count = node.children?.length ?? 0;
  const kind = kindOf(node);
  if (kind === 'RANDOM_ABTEST' && count !== 2) {
    return [invalid(`${field}.children: RANDOM_ABTEST chooses between 2, found ${count}`)];
  }
  const needsSome = ['ROUTER', 'COMBINER', 'SIMPLE_ROUTER', 'AVERAGE_COMBINER'];
  if (count > 0 || !needsSome.includes(kind ?? '')) return [];
  return [invalid(`${field}.children: a ${kind} needs at least one child; add one, or change it`)];
}

/** Over gRPC the other protocols have calls for models alone, as in graph/transport.ts. */
function checkCalls({ node, field }: PlacedNode, protocol: Protocol | undefined): Finding[] {
  const kind = kindOf(node);
  const isCalled = kind === 'ROUTER' || kind === 'COMBINER';
  if (!isCalled || protocol === undefined || protocol === 'seldon') return [];
  const message = `${field}: the ${protocol} protocol has no call over gRPC for a ${kind}; set spec.transport to rest, or use the seldon protocol`;
  return [problem('ProtocolNotServed', message)];
}

/** The settings of a node that the adapter reads itself. */
function checkSettings({ node, field }: PlacedNode, protocol: Protocol | undefined): Finding[] {
  const found: Finding[] = [];
  const built = isBuiltIn(node) ? implementationOf(node) : undefined;
  const ratio = node.parameters?.find(({ name }) => name === 'ratioA')?.value;
  if (built === 'RANDOM_ABTEST' && ratio !== undefined) {
    const share = ratio.trim() === '' ? Number.NaN : Number(ratio);
    if (!(share >= 0 && share <= 1)) {
      const message = `${field}.parameters: ratioA is ${JSON.stringify(ratio)}; give a number from 0 to 1`;
      found.push(invalid(message));
    }
  }
  const speaksSeldon = protocol === undefined || protocol === 'seldon';
  if (!speaksSeldon && (built === 'SIMPLE_MODEL' || built === 'AVERAGE_COMBINER')) {
    const message = `${field}.implementation: ${built} does not speak the ${protocol} protocol; use a container`;
    found.push(problem('ProtocolNotServed', message));
  }
  return [...found, ...checkLogger(node.logger, `${field}.logger`)];
}

function checkLogger(logger: GraphNode['logger'], field: string): Finding[] {
  if (logger === undefined) return [];
  const found: Finding[] = [];
  const { mode = '', url = '' } = logger;
  if (mode !== '' && !(loggerModes as readonly string[]).includes(mode.toLowerCase())) {
    const message = `${field}.mode: unknown "${mode}"; expected one of: ${loggerModes.join(', ')}`;
    found.push(invalid(message));
  }
  const protocolOf = URL.canParse(url) ? new URL(url).protocol : '';
  if (url !== '' && !/^https?:$/.test(protocolOf)) {
    found.push(invalid(`${field}.url: is no http:// or https:// URL; give one, or none`));
  }
  return found;
}

function checkServer(
  { node, field }: PlacedNode,
  protocol: Protocol | undefined,
  servers: ServerImages,
): Finding[] {
  const server = serverOf(node);
  if (server === undefined) return [];
  const found: Finding[] = [];
  const uri = node.modelUri ?? '';
  if (uri === '' || claimOf(uri)?.name === '') {
    const message = `${field}.modelUri: ${server} needs the place of its model, such as gs://bucket/path or pvc://claim/path`;
    found.push(problem('ModelUriMissing', message));
  }
  const isKnown = serverEntry(servers, server) !== undefined;
  if (isKnown && protocol !== undefined && serverImage(servers, server, protocol) === undefined) {
    const message = `${field}.implementation: ${server} does not speak the ${protocol} protocol; change spec.protocol`;
    found.push(problem('ProtocolNotServed', message));
  }
  return found;
}

function checkPlace({ node, field }: PlacedNode, containers: ReadonlySet<string>): Finding[] {
  if (isBuiltIn(node) || containers.has(node.name)) return [];
  if (serverOf(node) !== undefined) {
    const message = `${field}.name: "${node.name}" becomes a container's name, which has at most 63 of a–z, 0–9 and "-"; rename it`;
    return isDnsLabel(node.name) ? [] : [problem('NameInvalid', message)];
  }
  if (externalEndpoint(node) !== undefined) return [];
  const message = `${field}: "${node.name}" runs nowhere: no container of componentSpecs has its name; add one, or an implementation, or endpoint.service_host and endpoint.service_port`;
  return [invalid(message)];
}
