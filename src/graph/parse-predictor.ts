/**
 * Reads `ENGINE_PREDICTOR`: the base64 of a `spec.predictors[]` entry's JSON, as Seldon's operator
 * gives it to its executor.
 */

import { Buffer } from 'node:buffer';
import { type Endpoint, type GraphNode, nodeTypes, type PredictorGraph } from './node.ts';

export type ParsedPredictor =
  | { readonly ok: true; readonly predictor: PredictorGraph }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Deeper graphs are refused before they exhaust the stack. */
const maxDepth = 100;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Parses the whole of it; every problem names its field, such as `graph.children[0].name`.
 * @param text base64, with line breaks or without
 */
export function parseEnginePredictor(text: string): ParsedPredictor {
  const fields = decodeJson(text);
  if (fields === undefined) {
    return { ok: false, problems: ["expected the base64 of a predictor's JSON"] };
  }
  const problems: string[] = [];
  const root = parseNode(fields['graph'], 'graph', 0, problems);
  const seen = new Set<string>();
  if (root !== undefined) findRepeats(root, seen, problems);
  if (root === undefined || problems.length > 0) return { ok: false, problems };
  const name = typeof fields['name'] === 'string' ? fields['name'] : undefined;
  return { ok: true, predictor: { name, root } };
}

function decodeJson(text: string): Fields | undefined {
  try {
    return asFields(JSON.parse(Buffer.from(text, 'base64').toString('utf8')));
  } catch {
    return undefined;
  }
}

const asFields = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : undefined;

function parseNode(
  value: unknown,
  where: string,
  depth: number,
  problems: string[],
): GraphNode | undefined {
  const fields = asFields(value);
  if (fields === undefined || depth > maxDepth) {
    problems.push(
      `${where}: ${fields === undefined ? 'expected a node' : 'the graph is too deep'}`,
    );
    return undefined;
  }
  const name = textOf(fields['name']);
  if (name === undefined) problems.push(`${where}.name: expected the node's name`);
  const typeText = textOf(fields['type']) ?? 'MODEL';
  const type = nodeTypes.find((one) => one === typeText);
  // Seldon's graphs may say UNKNOWN_TYPE, and lean on `methods` or `implementation`.
  if (type === undefined && typeText !== 'UNKNOWN_TYPE') {
    problems.push(`${where}.type: expected one of ${nodeTypes.join(', ')}`);
  }
  const implementation = textOf(fields['implementation']);
  return {
    name: name ?? '',
    type: type ?? 'MODEL',
    implementation: implementation === 'UNKNOWN_IMPLEMENTATION' ? undefined : implementation,
    endpoint: parseEndpoint(fields['endpoint'], `${where}.endpoint`, problems),
    children: parseChildren(fields['children'], `${where}.children`, depth, problems),
  };
}

function parseChildren(
  value: unknown,
  where: string,
  depth: number,
  problems: string[],
): GraphNode[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    problems.push(`${where}: expected a list of nodes`);
    return [];
  }
  return value
    .map((child, i) => parseNode(child, `${where}[${i}]`, depth + 1, problems))
    .filter((child) => child !== undefined);
}

/** `httpPort` and `grpcPort` are newer than `service_port`, which is of the endpoint's `type`. */
function parseEndpoint(value: unknown, where: string, problems: string[]): Endpoint | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = asFields(value);
  if (fields === undefined) {
    problems.push(`${where}: expected service_host and service_port`);
    return undefined;
  }
  const port = (name: string): number | undefined => {
    const given = fields[name];
    // Go leaves out nothing: 0 stands for none.
    if (given === undefined || given === null || given === 0) return undefined;
    if (typeof given === 'number' && Number.isInteger(given) && given > 0 && given < 65_536) {
      return given;
    }
    problems.push(`${where}.${name}: expected a port`);
    return undefined;
  };
  const servicePort = port('service_port');
  const isGrpc = fields['type'] === 'GRPC';
  return {
    host: textOf(fields['service_host']) ?? 'localhost',
    restPort: port('httpPort') ?? (isGrpc ? undefined : servicePort),
    grpcPort: port('grpcPort') ?? (isGrpc ? servicePort : undefined),
    transport: isGrpc ? 'grpc' : 'rest',
  };
}

function findRepeats(node: GraphNode, seen: Set<string>, problems: string[]): void {
  if (node.name !== '' && seen.has(node.name)) {
    problems.push(`graph: two nodes are named "${node.name}"`);
  }
  seen.add(node.name);
  for (const child of node.children) findRepeats(child, seen, problems);
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
