/**
 * Reads `ENGINE_PREDICTOR`: the base64 of a `spec.predictors[]` entry's JSON, as Seldon's operator
 * gives it to its executor.
 */

import {
  type Endpoint,
  type GraphNode,
  loggerModes,
  type NodeLogger,
  type NodeMethod,
  type NodeType,
  nodeMethods,
  nodesOf,
  nodeTypes,
  type PredictorGraph,
} from './node.ts';
import {
  decodePredictor,
  imagesOf,
  type PredictorFacts,
  predictorFacts,
} from './predictor-entry.ts';

export type ParsedPredictor =
  | { readonly ok: true; readonly predictor: PredictorGraph; readonly facts: PredictorFacts }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Deeper graphs are refused before they exhaust the stack. */
const maxDepth = 100;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Parses the whole of it; every problem names its field, such as `graph.children[0].name`.
 * @param text base64, with line breaks or without
 */
export function parseEnginePredictor(text: string): ParsedPredictor {
  const fields = asFields(decodePredictor(text));
  if (fields === undefined) {
    return { ok: false, problems: ["expected the base64 of a predictor's JSON"] };
  }
  const problems: string[] = [];
  const root = parseNode(fields['graph'], 'graph', 0, problems);
  if (root !== undefined) findRepeats(root, problems);
  if (root === undefined || problems.length > 0) return { ok: false, problems };
  // Images only tell models apart in metrics and answers: what is odd there is passed over.
  const predictor = { name: textOf(fields['name']), root, images: imagesOf(fields) };
  return { ok: true, predictor, facts: predictorFacts(fields) };
}

const asFields = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : undefined;

/** Go writes `null` for a list that is not there. */
const isAbsent = (value: unknown): value is undefined | null =>
  value === undefined || value === null;

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
  else if (!/^\w[\w.-]*$/.test(name)) {
    // It stands in paths, in metrics and in the answers' routing.
    problems.push(`${where}.name: expected letters, digits and "._-"`);
  }
  const type = parseType(fields['type'], `${where}.type`, problems);
  const methods = parseMethods(fields['methods'], `${where}.methods`, problems);
  const given = textOf(fields['implementation']);
  const implementation = given === 'UNKNOWN_IMPLEMENTATION' ? undefined : given;
  return {
    name: name ?? '',
    type: type ?? defaultType(fields['type'], methods, implementation),
    methods,
    implementation,
    parameters: parseParameters(fields['parameters'], `${where}.parameters`, problems),
    endpoint: parseEndpoint(fields['endpoint'], `${where}.endpoint`, problems),
    logger: parseLogger(fields['logger'], `${where}.logger`, problems),
    children: parseChildren(fields['children'], `${where}.children`, depth, problems),
  };
}

function parseType(value: unknown, where: string, problems: string[]): NodeType | undefined {
  const text = textOf(value) ?? unknownType;
  const type = nodeTypes.find((one) => one === text);
  if (type === undefined && text !== unknownType) {
    problems.push(`${where}: expected one of ${nodeTypes.join(', ')}`);
  }
  return type;
}

const unknownType = 'UNKNOWN_TYPE';

/**
 * What a node is that names no type: Seldon's graphs may lean on `methods` or `implementation`. A
 * prepackaged server is a MODEL, and so is what says nothing of itself at all.
 */
function defaultType(
  type: unknown,
  methods: readonly NodeMethod[],
  implementation: string | undefined,
): NodeType | undefined {
  if (methods.length > 0) return undefined;
  return type === unknownType && implementation === undefined ? undefined : 'MODEL';
}

function parseMethods(value: unknown, where: string, problems: string[]): NodeMethod[] {
  if (isAbsent(value)) return [];
  const given: readonly unknown[] = Array.isArray(value) ? value : [undefined];
  const methods = given.map((word) => nodeMethods.find((one) => one === word));
  if (methods.includes(undefined)) {
    problems.push(`${where}: expected a list of ${nodeMethods.join(', ')}`);
  }
  return methods.filter((method) => method !== undefined);
}

/** Seldon's parameters are texts, with a type beside them that says how they are read. */
function parseParameters(value: unknown, where: string, problems: string[]): Map<string, string> {
  const parameters = new Map<string, string>();
  if (isAbsent(value)) return parameters;
  for (const one of Array.isArray(value) ? value : [undefined]) {
    const fields = asFields(one);
    const name = textOf(fields?.['name']);
    if (name === undefined) problems.push(`${where}: expected a list of name, value and type`);
    else parameters.set(name, String(fields?.['value'] ?? ''));
  }
  return parameters;
}

function parseLogger(value: unknown, where: string, problems: string[]): NodeLogger | undefined {
  if (isAbsent(value)) return undefined;
  const fields = asFields(value) ?? {};
  const word = textOf(fields['mode'])?.toLowerCase();
  const mode = loggerModes.find((one) => one === word);
  if (mode === undefined && word !== undefined)
    problems.push(`${where}.mode: expected one of ${loggerModes.join(', ')}`);
  const text = textOf(fields['url']);
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  if (text !== undefined && !/^https?:$/.test(url?.protocol ?? '')) {
    problems.push(`${where}.url: expected an http:// or https:// URL`);
  }
  // Seldon's executor copies nothing either where no mode is given.
  return mode && { mode, url };
}

function parseChildren(
  value: unknown,
  where: string,
  depth: number,
  problems: string[],
): GraphNode[] {
  if (isAbsent(value)) return [];
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
  if (isAbsent(value)) return undefined;
  const fields = asFields(value);
  if (fields === undefined) {
    problems.push(`${where}: expected service_host and service_port`);
    return undefined;
  }
  const port = (name: string): number | undefined => {
    const given = fields[name];
    // Go leaves out nothing: 0 stands for none.
    if (isAbsent(given) || given === 0) return undefined;
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

function findRepeats(root: GraphNode, problems: string[]): void {
  const seen = new Set<string>();
  for (const { name } of nodesOf(root)) {
    if (name !== '' && seen.has(name)) problems.push(`graph: two nodes are named "${name}"`);
    seen.add(name);
  }
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
