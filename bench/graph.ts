/**
 * Graphs: what three nodes cost per request, beside one. One interleaved run (rounds.ts); the CPU is
 * the adapter's alone. See README.md.
 */

import { request } from 'undici';
import { imageFlags } from './image-flags.ts';
import { startLoadProcess } from './load-process.ts';
import { names, numbers, readOptions, words } from './options.ts';
import { eventHeaders, type PayloadName, payloadNames, payloads } from './payloads.ts';
import { machineInfo, publish, table, told } from './report.ts';
import {
  type Case,
  cpuRatio,
  type Measurement,
  measureAll,
  mediansOf,
  peakMbOf,
  roundsOf,
  type Target,
} from './rounds.ts';
import { type ServerProcess, startAdapter, startServer } from './server-process.ts';

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

const startGraph = (graph: GraphName, nodeUrl: string): Promise<ServerProcess> =>
  startAdapter(binary, { ENGINE_PREDICTOR: enginePredictor(graphs[graph], nodeUrl) });

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

const rowsOf = (
  all: readonly Measurement<GraphName, PayloadName>[],
  one: Case<PayloadName>,
): (string | number)[][] =>
  graphNames.map((graph) => {
    const own = roundsOf(all, graph, one);
    const { perSecond, cpuMsPerRequest, p50Ms, p99Ms } = mediansOf(own);
    return [
      ...[one.payload, one.connections, graph, perSecond.toFixed(0)],
      ...[cpuMsPerRequest.toFixed(4), p50Ms.toFixed(2), p99Ms.toFixed(2)],
      cpuRatio(own, roundsOf(all, 'one node', one)).toFixed(2),
      peakMbOf(own).toFixed(0),
    ];
  });

async function main(): Promise<void> {
  const machine = machineInfo(options.node);
  const load = startLoadProcess();
  const node = await startServer({ ...binary, script: './graph-node.js' });
  const targets: Target<GraphName>[] = [];
  try {
    for (const name of graphNames) {
      const server = await startGraph(name, node.url);
      targets.push({ name, server, port: Number(new URL(server.url).port), path: '/' });
      await checkReply(name, server);
    }
    const cases = names(options.payloads, payloadNames).flatMap((payload) =>
      numbers(options.connections).map((connections) => ({ payload, connections })),
    );
    const rounds = await measureAll({
      load,
      targets,
      cases,
      warmUp: { payload: 'iris', connections: 16 },
      rounds: Number(options.rounds),
      seconds: Number(options.seconds),
      headers: eventHeaders,
      bodies: payloads,
    });
    const rows = cases.flatMap((one) => rowsOf(rounds, one));
    const columns = ['payload', 'connections', 'graph', 'requests/s', 'CPU ms/request'];
    const more = ['p50 ms', 'p99 ms', 'CPU, × one node', 'peak RSS MB'];
    const markdown = [told(machine), table([...columns, ...more], rows)];
    publish(markdown, options.out, { machine, options, medians: rows, rounds });
  } finally {
    load.stop();
    await Promise.all(
      [...targets.map(({ server }) => server), node].map((server) => server.stop()),
    );
  }
}

await main();
