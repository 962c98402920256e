/**
 * Graphs: what three nodes cost per request, beside one. One interleaved run, as http.ts; the CPU is
 * the adapter's alone. See README.md.
 */

import { request } from 'undici';
import { imageFlags } from './image-flags.ts';
import { type LoadProcess, startLoadProcess } from './load-process.ts';
import { names, numbers, readOptions, words } from './options.ts';
import { eventHeaders, type PayloadName, payloadNames, payloads } from './payloads.ts';
import { machineInfo, publish, say, table, told } from './report.ts';
import { cpuMs, memoryOf, type ServerProcess, startServer } from './server-process.ts';
import { median } from './statistics.ts';

const options = readOptions({
  seconds: '5',
  rounds: '5',
  connections: '16',
  payloads: payloadNames.join(','),
  node: process.execPath,
  'node-flags': imageFlags(),
  out: 'build/bench-graph.json',
});

interface Node {
  readonly name: string;
  readonly type: string;
  readonly children?: readonly Node[];
}

const model = (name: string): Node => ({ name, type: 'MODEL' });

/** What is measured: one node, and graphs of three calls each. */
const graphs = {
  'one node': model('m'),
  chain: {
    name: 'out',
    type: 'OUTPUT_TRANSFORMER',
    children: [{ name: 'in', type: 'TRANSFORMER', children: [model('m')] }],
  },
  combiner: { name: 'c', type: 'COMBINER', children: [model('a'), model('b')] },
  router: {
    name: 'r',
    type: 'ROUTER',
    children: [{ name: 't', type: 'TRANSFORMER', children: [model('a')] }, model('b')],
  },
} as const satisfies Record<string, Node>;
const graphNames = Object.keys(graphs) as (keyof typeof graphs)[];
type GraphName = (typeof graphNames)[number];

interface Measurement {
  readonly graph: GraphName;
  readonly payload: PayloadName;
  readonly connections: number;
  readonly round: number;
  readonly requests: number;
  readonly perSecond: number;
  readonly cpuMsPerRequest: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rssMb: number;
  readonly peakMb: number;
}

const warmUpSeconds = 3;
const binary = { node: options.node, nodeFlags: words(options['node-flags']) };

function enginePredictor(root: Node, nodeUrl: string): string {
  const endpoint = { service_host: '127.0.0.1', httpPort: Number(new URL(nodeUrl).port) };
  const placed = (node: Node): object => ({
    ...node,
    endpoint,
    children: node.children?.map(placed),
  });
  const predictor = { name: 'default', graph: placed(root) };
  return Buffer.from(JSON.stringify(predictor)).toString('base64');
}

const startAdapter = (graph: GraphName, nodeUrl: string): Promise<ServerProcess> =>
  startServer({
    ...binary,
    script: '../src/main.js',
    args: ['adapter'],
    env: {
      SELDON_DEPLOYMENT_ID: 'iris-deployment',
      ENGINE_PREDICTOR: enginePredictor(graphs[graph], nodeUrl),
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: '0',
      DRAIN_DELAY_MS: '0',
    },
  });

/** A graph's answer has passed all of its nodes; a fast wrong answer is worth nothing. */
async function checkReply(graph: GraphName, { url }: ServerProcess): Promise<void> {
  const answer = await request(`${url}/`, {
    method: 'POST',
    headers: eventHeaders,
    body: payloads.iris,
  });
  const { data, meta } = (await answer.body.json()) as {
    data: { names?: string[] };
    meta: { requestPath?: object };
  };
  const passed = Object.keys(meta.requestPath ?? {}).length;
  const isRight = data.names?.length === 3 && passed === (graph === 'one node' ? 0 : 3);
  if (!isRight) throw new Error(`${graph}: ${passed} nodes were passed`);
}

async function measure(
  load: LoadProcess,
  { url, pid }: ServerProcess,
  point: Pick<Measurement, 'graph' | 'payload' | 'connections' | 'round'>,
  seconds: number,
): Promise<Measurement> {
  const before = cpuMs(pid);
  const result = await load.run({
    port: Number(new URL(url).port),
    path: '/',
    headers: eventHeaders,
    body: payloads[point.payload].toString('latin1'),
    connections: point.connections,
    seconds,
  });
  const { requests, p50Ms, p99Ms } = result;
  return {
    ...point,
    requests,
    perSecond: requests / result.seconds,
    cpuMsPerRequest: (cpuMs(pid) - before) / requests,
    p50Ms,
    p99Ms,
    ...memoryOf(pid),
  };
}

function rowsOf(all: readonly Measurement[], payload: PayloadName, connections: number) {
  const of = (graph: GraphName) =>
    all.filter((m) => m.graph === graph && m.payload === payload && m.connections === connections);
  const one = of('one node');
  return graphNames.map((graph) => {
    const own = of(graph);
    const middle = (pick: (m: Measurement) => number) => median(own.map(pick));
    const ratios = own.map((m, i) => m.cpuMsPerRequest / (one[i]?.cpuMsPerRequest ?? Number.NaN));
    return [
      payload,
      connections,
      graph,
      middle((m) => m.perSecond).toFixed(0),
      middle((m) => m.cpuMsPerRequest).toFixed(4),
      middle((m) => m.p50Ms).toFixed(2),
      middle((m) => m.p99Ms).toFixed(2),
      median(ratios).toFixed(2),
      Math.max(...own.map((m) => m.peakMb)).toFixed(0),
    ];
  });
}

async function main(): Promise<void> {
  const machine = machineInfo(options.node);
  const load = startLoadProcess();
  const node = await startServer({ ...binary, script: './graph-node.js' });
  const adapters = new Map<GraphName, ServerProcess>();
  try {
    for (const graph of graphNames) adapters.set(graph, await startAdapter(graph, node.url));
    const cases = names(options.payloads, payloadNames).flatMap((payload) =>
      numbers(options.connections).map((connections) => ({ payload, connections })),
    );
    const rounds: Measurement[] = [];
    for (const [graph, adapter] of adapters) {
      say(`warm-up: ${graph}`);
      await checkReply(graph, adapter);
      const point = { graph, payload: 'iris', connections: 16, round: 0 } as const;
      await measure(load, adapter, point, warmUpSeconds);
    }
    for (let round = 1; round <= Number(options.rounds); round += 1) {
      for (const one of cases) {
        // Whoever comes first in one round comes last in another.
        const order = graphNames.map((_, i) => graphNames[(i + round) % graphNames.length]);
        for (const graph of order) {
          const adapter = graph && adapters.get(graph);
          if (adapter === undefined || graph === undefined) continue;
          const m = await measure(load, adapter, { ...one, graph, round }, Number(options.seconds));
          rounds.push(m);
          say(
            `round ${round}: ${one.payload} × ${one.connections}, ${graph}: ${m.perSecond.toFixed(0)}/s, ${m.cpuMsPerRequest.toFixed(4)} ms CPU`,
          );
        }
      }
    }
    const rows = cases.flatMap((one) => rowsOf(rounds, one.payload, one.connections));
    const columns = ['payload', 'connections', 'graph', 'requests/s', 'CPU ms/request'];
    const more = ['p50 ms', 'p99 ms', 'CPU, × one node', 'peak RSS MB'];
    const markdown = [told(machine), table([...columns, ...more], rows)];
    publish(markdown, options.out, { machine, options, medians: rows, rounds });
  } finally {
    load.stop();
    await Promise.all([...adapters.values(), node].map((server) => server.stop()));
  }
}

await main();
