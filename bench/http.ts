/**
 * HTTP: what the adapter costs per request, beside a bare pass-through and the predictor alone.
 * One interleaved run: every round measures each target in each case, so that whatever else the
 * machine does falls on all of them alike. See README.md.
 */

import { request } from 'undici';
import { imageFlags } from './image-flags.ts';
import { type LoadProcess, startLoadProcess } from './load-process.ts';
import { names, numbers, readOptions, words } from './options.ts';
import { eventHeaders, type PayloadName, payloadNames, payloads, prediction } from './payloads.ts';
import { machineInfo, publish, say, table, told } from './report.ts';
import { cpuMs, memoryOf, type ServerProcess, startServer } from './server-process.ts';
import { median } from './statistics.ts';

const options = readOptions({
  seconds: '5',
  rounds: '5',
  connections: '1,16,64',
  payloads: payloadNames.join(','),
  node: process.execPath,
  'node-flags': imageFlags(),
  out: 'build/bench-http.json',
});

const targetNames = ['adapter', 'bare', 'predictor'] as const;
type TargetName = (typeof targetNames)[number];

interface Target {
  readonly name: TargetName;
  readonly server: ServerProcess;
  readonly path: string;
}

interface Case {
  readonly payload: PayloadName;
  readonly connections: number;
}

interface Measurement extends Case {
  readonly target: TargetName;
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

async function startTargets(): Promise<[Target, Target, Target]> {
  const predictor = await startServer({ ...binary, script: './predictor.js' });
  const bare = await startServer({
    ...binary,
    script: './pass-through.js',
    args: [predictor.url],
  });
  const adapter = await startServer({
    ...binary,
    script: '../src/main.js',
    args: ['adapter'],
    env: {
      SELDON_DEPLOYMENT_ID: 'iris-deployment',
      PREDICTOR_URL: predictor.url,
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: '0',
      DRAIN_DELAY_MS: '0',
    },
  });
  return [
    { name: 'adapter', server: adapter, path: '/' },
    { name: 'bare', server: bare, path: '/' },
    { name: 'predictor', server: predictor, path: '/predict' },
  ];
}

/** The adapter's answers must be reply events; a fast wrong answer is worth nothing. */
async function checkReply({ server, path }: Target, payload: PayloadName): Promise<void> {
  const answer = await request(server.url + path, {
    method: 'POST',
    headers: eventHeaders,
    body: payloads[payload],
  });
  const body = await answer.body.text();
  const expected = {
    'ce-type': 'seldon.iris-deployment.default.response',
    'ce-causationid': eventHeaders['Ce-Id'],
  };
  for (const [name, value] of Object.entries(expected)) {
    if (answer.headers[name] !== value) throw new Error(`${name} is ${answer.headers[name]}`);
  }
  if (body !== prediction) throw new Error(`the reply's data are ${body}`);
}

async function measure(
  load: LoadProcess,
  target: Target,
  { payload, connections }: Case,
  round: number,
  seconds: number,
): Promise<Measurement> {
  const { pid, url } = target.server;
  const before = cpuMs(pid);
  const result = await load.run({
    port: Number(new URL(url).port),
    path: target.path,
    headers: eventHeaders,
    body: payloads[payload].toString('latin1'),
    connections,
    seconds,
  });
  const { requests, p50Ms, p99Ms } = result;
  return {
    target: target.name,
    payload,
    connections,
    round,
    requests,
    perSecond: requests / result.seconds,
    cpuMsPerRequest: (cpuMs(pid) - before) / requests,
    p50Ms,
    p99Ms,
    ...memoryOf(pid),
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
    await measure(load, target, { payload: 'iris', connections: 16 }, 0, warmUpSeconds);
  }
  for (let round = 1; round <= Number(options.rounds); round += 1) {
    for (const one of cases) {
      // Whoever comes first in one round comes last in another.
      const order = targets.map((_, i) => targets[(i + round) % targets.length] as Target);
      for (const target of order) {
        const m = await measure(load, target, one, round, Number(options.seconds));
        measurements.push(m);
        say(
          `round ${round}: ${one.payload} × ${one.connections}, ${m.target}: ${m.perSecond.toFixed(0)}/s, ${m.cpuMsPerRequest.toFixed(4)} ms CPU, p50 ${m.p50Ms} ms`,
        );
      }
    }
  }
  return measurements;
}

function caseRows(all: readonly Measurement[], { payload, connections }: Case) {
  const of = (target: TargetName) =>
    all.filter(
      (m) => m.target === target && m.payload === payload && m.connections === connections,
    );
  const bare = of('bare');
  return targetNames.map((target) => {
    const own = of(target);
    const middle = (pick: (m: Measurement) => number) => median(own.map(pick));
    const ratios = own.map((m, i) => m.cpuMsPerRequest / (bare[i]?.cpuMsPerRequest ?? Number.NaN));
    return {
      payload,
      connections,
      target,
      perSecond: middle((m) => m.perSecond),
      cpuMsPerRequest: middle((m) => m.cpuMsPerRequest),
      p50Ms: middle((m) => m.p50Ms),
      p99Ms: middle((m) => m.p99Ms),
      toBare: median(ratios),
    };
  });
}

function memoryRows(all: readonly Measurement[]): (string | number)[][] {
  return targetNames.map((target) => {
    const own = all.filter((m) => m.target === target);
    const peak = Math.max(...own.map((m) => m.peakMb));
    return [target, peak.toFixed(0), (own.at(-1)?.rssMb ?? Number.NaN).toFixed(0)];
  });
}

async function main(): Promise<void> {
  const machine = machineInfo(options.node);
  const load = startLoadProcess();
  const targets = await startTargets();
  const cases = names(options.payloads, payloadNames).flatMap((payload) =>
    numbers(options.connections).map((connections) => ({ payload, connections })),
  );
  try {
    for (const payload of payloadNames) await checkReply(targets[0], payload);
    const rounds = await measureAll(load, targets, cases);
    const rows = cases.flatMap((one) => caseRows(rounds, one));
    const columns = ['payload', 'connections', 'target', 'requests/s', 'CPU ms/request'];
    const times = ['p50 ms', 'p99 ms', 'CPU, × bare'];
    const cells = rows.map((r) => [
      r.payload,
      r.connections,
      r.target,
      r.perSecond.toFixed(0),
      r.cpuMsPerRequest.toFixed(4),
      r.p50Ms.toFixed(2),
      r.p99Ms.toFixed(2),
      r.toBare.toFixed(2),
    ]);
    const markdown = [
      told(machine),
      table([...columns, ...times], cells),
      table(['target', 'peak RSS MB', 'RSS MB at the end'], memoryRows(rounds)),
    ];
    publish(markdown, options.out, { machine, options, medians: rows, rounds });
  } finally {
    load.stop();
    await Promise.all(targets.map(({ server }) => server.stop()));
  }
}

await main();
