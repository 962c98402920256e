/**
 * Nodes of an inference graph on real sockets, which speak the REST API of Seldon's wrappers, and
 * the ENGINE_PREDICTOR of a graph made of them.
 *
 *     const nodes = useGraphNodes();
 *     const engine = await nodes.engine({ name: 'ab', type: 'ROUTER', children: [{ name: 'a' }, …] });
 *     nodes.answer.ab = () => ({ body: { data: { ndarray: [[1]] } } });
 *     nodes.calls                      // ['ab/route', 'b/predict']
 *
 * A node hands on `meta` as the wrappers do, and otherwise answers what came, with its own name
 * added to the names of the data: `{"data":{"names":["t","m"],…}}` came through t, then m.
 */

import { Buffer } from 'node:buffer';
import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach } from 'vitest';

export interface NodeRequest {
  readonly node: string;
  readonly path: string;
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly text: string;
}

export interface NodeReply {
  readonly status?: number;
  /** Written as JSON; a text is written as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a node answers; a promise for slow ones, undefined to break the connection. */
export type AnswerAs = (
  request: NodeRequest,
) => NodeReply | Promise<NodeReply> | undefined | Promise<undefined>;

export interface GraphSpec {
  readonly name: string;
  readonly children?: readonly GraphSpec[];
  /** Anything else that a node may have; `endpoint` is filled in. */
  readonly [field: string]: unknown;
}

export interface GraphNodes {
  /** Every call but the probes: `<node><path>`, in the order of arrival. */
  readonly calls: string[];
  readonly requests: NodeRequest[];
  /** How a node answers, by its name; put back after each test. */
  readonly answer: Record<string, AnswerAs>;
  /** The status of its health routes, by its name. */
  readonly health: Record<string, number>;
  /** How it answers what it is asked by GET, by its name; without it, empty and by its health. */
  readonly about: Record<string, AnswerAs>;
  /** Starts the nodes that are not there yet; @returns ENGINE_PREDICTOR */
  readonly engine: (graph: GraphSpec, more?: object) => Promise<string>;
  readonly port: (node: string) => number;
  readonly stop: (node: string) => Promise<void>;
  /** Starts a stopped node again where it was. */
  readonly restart: (node: string, port: number) => Promise<void>;
}

const builtIns = ['SIMPLE_MODEL', 'SIMPLE_ROUTER', 'RANDOM_ABTEST', 'AVERAGE_COMBINER'];

export function useGraphNodes(): GraphNodes {
  const servers = new Map<string, Server>();
  const calls: string[] = [];
  const requests: NodeRequest[] = [];
  const answer: Record<string, AnswerAs> = {};
  const health: Record<string, number> = {};
  const about: Record<string, AnswerAs> = {};

  const serve = (node: string): Server =>
    createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', async () => {
        const { url: path = '', headers } = incoming;
        if (incoming.method === 'GET') {
          const told = await about[node]?.({ node, path, headers, text: '' });
          if (told === undefined) response.writeHead(health[node] ?? 200).end();
          else write(response, told);
          return;
        }
        const text = Buffer.concat(chunks).toString();
        const request = { node, path, headers, text };
        calls.push(node + path);
        requests.push(request);
        const reply = await (answer[node] ?? asWrapper)(request);
        if (reply === undefined) incoming.socket.destroy();
        else write(response, reply);
      });
    });

  const start = async (node: string, at = 0): Promise<void> => {
    if (servers.has(node)) return;
    const server = serve(node);
    servers.set(node, server);
    await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  };

  const port = (node: string): number => {
    const address = servers.get(node)?.address() as AddressInfo | undefined;
    if (address === undefined) throw new Error(`the node "${node}" does not run`);
    return address.port;
  };

  const stop = async (node: string): Promise<void> => {
    const server = servers.get(node);
    servers.delete(node);
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
  };

  const filled = async (spec: GraphSpec): Promise<object> => {
    const isCalled = !builtIns.includes(String(spec['implementation'] ?? ''));
    if (isCalled) await start(spec.name);
    return {
      ...spec,
      ...(isCalled && { endpoint: { service_host: '127.0.0.1', httpPort: port(spec.name) } }),
      children: await Promise.all((spec.children ?? []).map(filled)),
    };
  };

  afterEach(() => {
    calls.length = 0;
    requests.length = 0;
    for (const all of [answer, health, about])
      for (const name of Object.keys(all)) delete all[name];
  });
  afterAll(() => Promise.all([...servers.keys()].map(stop)));

  return {
    calls,
    requests,
    answer,
    health,
    about,
    engine: async (graph, more = {}) => encodeEngine({ ...more, graph: await filled(graph) }),
    port,
    stop,
    restart: start,
  };
}

/** ENGINE_PREDICTOR of a predictor. */
export const encodeEngine = (predictor: object): string =>
  Buffer.from(JSON.stringify({ name: 'default', ...predictor })).toString('base64');

interface Data {
  readonly names?: readonly string[];
}

interface SeldonMessage {
  readonly data?: Data;
  readonly meta?: Readonly<Record<string, object>>;
}

/** As Seldon's Python wrapper answers: `meta` of the request and its own, then the data. */
const asWrapper: AnswerAs = ({ node, path, text }) => {
  const message: SeldonMessage | SeldonMessage[] = JSON.parse(text);
  const [first = {}] = Array.isArray(message) ? message : [message];
  if (path === '/route') return { body: { data: { ndarray: [[0]] }, meta: {} } };
  if (path === '/send-feedback') return { body: { meta: {} } };
  const names = [...(first.data?.names ?? []), node];
  return { body: { data: { ...first.data, names }, meta: first.meta ?? {} } };
};

function write(response: ServerResponse, { status = 200, body = {}, headers }: NodeReply): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(text);
}
