/**
 * gRPC: what the adapter costs per call, beside forwarders made of grpc-js and of node:http2 alone.
 * One interleaved run, as in http.ts. See README.md.
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
import { type LoadProcess, startLoadProcess } from './load-process.ts';
import { names, numbers, readOptions, words } from './options.ts';
import { machineInfo, publish, say, table, told } from './report.ts';
import { cpuMs, memoryOf, type ServerProcess, startServer } from './server-process.ts';
import { median } from './statistics.ts';

const options = readOptions({
  seconds: '5',
  rounds: '5',
  'in-flight': '1,16,64',
  payloads: messageNames.join(','),
  node: process.execPath,
  'node-flags': imageFlags(),
  out: 'build/bench-grpc.json',
});

const targetNames = ['adapter', 'grpc-js', 'http2'] as const;
type TargetName = (typeof targetNames)[number];

interface Target {
  readonly name: TargetName;
  readonly server: ServerProcess;
  readonly port: number;
}

interface Case {
  readonly payload: MessageName;
  readonly inFlight: number;
}

interface Measurement extends Case {
  readonly target: TargetName;
  readonly round: number;
  readonly perSecond: number;
  readonly cpuMsPerCall: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly peakMb: number;
}

const warmUpSeconds = 3;
const binary = { node: options.node, nodeFlags: words(options['node-flags']) };
const portOf = (url: string): number => Number(/:(\d+)/.exec(url.replace('://', ''))?.[1]);

async function startTargets(predictor: ServerProcess): Promise<Target[]> {
  const args = [`127.0.0.1:${portOf(predictor.url)}`];
  const grpcJs = await startServer({ ...binary, script: './grpc-pass-through.js', args });
  const http2 = await startServer({ ...binary, script: './grpc-bare.js', args });
  // The adapter's log names its HTTP address: its gRPC port must be known before.
  const grpcPort = 20_000 + (process.pid % 20_000);
  const adapter = await startServer({
    ...binary,
    script: '../src/main.js',
    args: ['adapter'],
    env: {
      SELDON_DEPLOYMENT_ID: 'iris-deployment',
      PREDICTOR_URL: predictor.url,
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: '0',
      GRPC_PORT: String(grpcPort),
      DRAIN_DELAY_MS: '0',
    },
  });
  return [
    { name: 'adapter', server: adapter, port: grpcPort },
    { name: 'grpc-js', server: grpcJs, port: portOf(grpcJs.url) },
    { name: 'http2', server: http2, port: portOf(http2.url) },
  ];
}

async function measure(
  load: LoadProcess,
  { name, server, port }: Target,
  { payload, inFlight }: Case,
  round: number,
  seconds: number,
): Promise<Measurement> {
  const before = cpuMs(server.pid);
  const result = await load.run({
    port,
    path: method,
    headers: callHeaders,
    body: messages[payload].toString('latin1'),
    connections: inFlight,
    seconds,
  });
  const { requests, p50Ms, p99Ms } = result;
  return {
    ...{ target: name, payload, inFlight, round, p50Ms, p99Ms },
    perSecond: requests / result.seconds,
    cpuMsPerCall: (cpuMs(server.pid) - before) / requests,
    peakMb: memoryOf(server.pid).peakMb,
  };
}

async function measureAll(
  load: LoadProcess,
  targets: readonly Target[],
  cases: readonly Case[],
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const target of targets) {
    say(`warm-up: ${target.name}`);
    await measure(load, target, { payload: 'iris', inFlight: 16 }, 0, warmUpSeconds);
  }
  for (let round = 1; round <= Number(options.rounds); round += 1) {
    for (const one of cases) {
      // Whoever comes first in one round comes last in another.
      const order = targets.map((_, i) => targets[(i + round) % targets.length] as Target);
      for (const target of order) {
        const m = await measure(load, target, one, round, Number(options.seconds));
        measurements.push(m);
        say(
          `round ${round}: ${one.payload} × ${one.inFlight}, ${m.target}: ${m.perSecond.toFixed(0)}/s, ${m.cpuMsPerCall.toFixed(4)} ms CPU, p50 ${m.p50Ms} ms`,
        );
      }
    }
  }
  return measurements;
}

function caseRows(all: readonly Measurement[], { payload, inFlight }: Case): (string | number)[][] {
  const of = (target: TargetName) =>
    all.filter((m) => m.target === target && m.payload === payload && m.inFlight === inFlight);
  const others = { grpcJs: of('grpc-js'), http2: of('http2') };
  return targetNames.map((target) => {
    const own = of(target);
    const middle = (pick: (m: Measurement) => number) => median(own.map(pick));
    const ratio = (to: readonly Measurement[]): string =>
      median(own.map((m, i) => m.cpuMsPerCall / (to[i]?.cpuMsPerCall ?? Number.NaN))).toFixed(2);
    return [
      ...[payload, inFlight, target, middle((m) => m.perSecond).toFixed(0)],
      ...[middle((m) => m.cpuMsPerCall).toFixed(4), middle((m) => m.p50Ms).toFixed(2)],
      ...[middle((m) => m.p99Ms).toFixed(2), ratio(others.grpcJs), ratio(others.http2)],
      Math.max(...own.map((m) => m.peakMb)).toFixed(0),
    ];
  });
}

async function main(): Promise<void> {
  const machine = machineInfo(options.node);
  const load = startLoadProcess('./grpc-load.js');
  const predictor = await startServer({ ...binary, script: './grpc-predictor.js' });
  const targets = await startTargets(predictor);
  const cases = names(options.payloads, messageNames).flatMap((payload) =>
    numbers(options['in-flight']).map((inFlight) => ({ payload, inFlight })),
  );
  try {
    const rounds = await measureAll(load, targets, cases);
    const columns = ['payload', 'in flight', 'target', 'calls/s', 'CPU ms/call', 'p50 ms'];
    const more = ['p99 ms', 'CPU, × grpc-js', 'CPU, × http2', 'peak RSS MB'];
    const rows = cases.flatMap((one) => caseRows(rounds, one));
    const markdown = [told(machine), table([...columns, ...more], rows)];
    publish(markdown, options.out, { machine, options, answerBytes: answer.length, rounds });
  } finally {
    load.stop();
    await Promise.all([predictor, ...targets.map(({ server }) => server)].map((s) => s.stop()));
  }
}

await main();
