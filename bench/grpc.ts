/**
 * gRPC: what the adapter costs per call, beside forwarders made of grpc-js and of node:http2 alone.
 * One interleaved run (rounds.ts). See README.md.
 */

import {
  answer,
  callHeaders,
  type MessageName,
  messageNames,
  messages,
  method,
} from './grpc-message.ts';
import { imageFlags } from './image-flags.ts';
import { startLoadProcess } from './load-process.ts';
import { names, numbers, readOptions, words } from './options.ts';
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
  'in-flight': '1,16,64',
  payloads: messageNames.join(','),
  node: process.execPath,
  'node-flags': imageFlags(),
  out: 'build/bench-grpc.json',
});

const targetNames = ['adapter', 'graph', 'grpc-js', 'http2'] as const;
type TargetName = (typeof targetNames)[number];

const binary = { node: options.node, nodeFlags: words(options['node-flags']) };
const portOf = (url: string): number => Number(/:(\d+)/.exec(url.replace('://', ''))?.[1]);

const startGrpcAdapter = (port: number, env: Record<string, string>): Promise<ServerProcess> =>
  startAdapter(binary, { GRPC_PORT: String(port), ...env });

/** ENGINE_PREDICTOR of a chain of three calls of the one predictor. */
function chainOf(port: number): string {
  const endpoint = { service_host: '127.0.0.1', service_port: port, type: 'GRPC' };
  const model = { name: 'm', type: 'MODEL', endpoint };
  const before = { name: 'in', type: 'TRANSFORMER', endpoint, children: [model] };
  const graph = { name: 'out', type: 'OUTPUT_TRANSFORMER', endpoint, children: [before] };
  return Buffer.from(JSON.stringify({ name: 'default', graph })).toString('base64');
}

async function startTargets(predictor: ServerProcess): Promise<Target<TargetName>[]> {
  const args = [`127.0.0.1:${portOf(predictor.url)}`];
  const grpcJs = await startServer({ ...binary, script: './grpc-pass-through.js', args });
  const http2 = await startServer({ ...binary, script: './grpc-bare.js', args });
  // The adapter's log names its HTTP address: its gRPC port must be known before.
  const grpcPort = 20_000 + (process.pid % 20_000);
  const adapter = await startGrpcAdapter(grpcPort, { PREDICTOR_URL: predictor.url });
  const engine = chainOf(portOf(predictor.url));
  const graph = await startGrpcAdapter(grpcPort + 1, { ENGINE_PREDICTOR: engine });
  return [
    { name: 'adapter', server: adapter, port: grpcPort, path: method },
    { name: 'graph', server: graph, port: grpcPort + 1, path: method },
    { name: 'grpc-js', server: grpcJs, port: portOf(grpcJs.url), path: method },
    { name: 'http2', server: http2, port: portOf(http2.url), path: method },
  ];
}

type Rounds = readonly Measurement<TargetName, MessageName>[];

const caseRows = (all: Rounds, one: Case<MessageName>): (string | number)[][] =>
  targetNames.map((target) => {
    const own = roundsOf(all, target, one);
    const { perSecond, cpuMsPerRequest, p50Ms, p99Ms } = mediansOf(own);
    return [
      ...[one.payload, one.connections, target, perSecond.toFixed(0)],
      ...[cpuMsPerRequest.toFixed(4), p50Ms.toFixed(2), p99Ms.toFixed(2)],
      cpuRatio(own, roundsOf(all, 'grpc-js', one)).toFixed(2),
      cpuRatio(own, roundsOf(all, 'http2', one)).toFixed(2),
      cpuRatio(own, roundsOf(all, 'adapter', one)).toFixed(2),
      peakMbOf(own).toFixed(0),
    ];
  });

async function main(): Promise<void> {
  const machine = machineInfo(options.node);
  const load = startLoadProcess('./grpc-load.js');
  const predictor = await startServer({ ...binary, script: './grpc-predictor.js' });
  const targets = await startTargets(predictor);
  const cases = names(options.payloads, messageNames).flatMap((payload) =>
    numbers(options['in-flight']).map((connections) => ({ payload, connections })),
  );
  try {
    const rounds = await measureAll({
      load,
      targets,
      cases,
      warmUp: { payload: 'iris', connections: 16 },
      rounds: Number(options.rounds),
      seconds: Number(options.seconds),
      headers: callHeaders,
      bodies: messages,
    });
    const columns = ['payload', 'in flight', 'target', 'calls/s', 'CPU ms/call', 'p50 ms'];
    const more = ['p99 ms', 'CPU, × grpc-js', 'CPU, × http2', 'CPU, × adapter', 'peak RSS MB'];
    const rows = cases.flatMap((one) => caseRows(rounds, one));
    const markdown = [told(machine), table([...columns, ...more], rows)];
    publish(markdown, options.out, { machine, options, answerBytes: answer.length, rounds });
  } finally {
    load.stop();
    await Promise.all([predictor, ...targets.map(({ server }) => server)].map((s) => s.stop()));
  }
}

await main();
