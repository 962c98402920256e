/**
 * HTTP: what the adapter costs per request, beside a bare pass-through and the predictor alone.
 * One interleaved run (rounds.ts). See README.md.
 */

import { request } from 'undici';
import { imageFlags } from './image-flags.ts';
import { startLoadProcess } from './load-process.ts';
import { names, numbers, readOptions, words } from './options.ts';
import { eventHeaders, type PayloadName, payloadNames, payloads, prediction } from './payloads.ts';
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
import { type ServerProcess, startServer } from './server-process.ts';

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

const binary = { node: options.node, nodeFlags: words(options['node-flags']) };

const targetOf = (name: TargetName, server: ServerProcess, path: string): Target<TargetName> => ({
  name,
  server,
  port: Number(new URL(server.url).port),
  path,
});

async function startTargets() {
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
    targetOf('adapter', adapter, '/'),
    targetOf('bare', bare, '/'),
    targetOf('predictor', predictor, '/predict'),
  ] as const;
}

/** The adapter's answers must be reply events; a fast wrong answer is worth nothing. */
async function checkReply(
  { server, path }: Target<TargetName>,
  payload: PayloadName,
): Promise<void> {
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

type Rounds = readonly Measurement<TargetName, PayloadName>[];

const caseRows = (all: Rounds, one: Case<PayloadName>) =>
  targetNames.map((target) => {
    const own = roundsOf(all, target, one);
    const toBare = cpuRatio(own, roundsOf(all, 'bare', one));
    return { ...one, target, ...mediansOf(own), toBare };
  });

function memoryRows(all: Rounds): (string | number)[][] {
  return targetNames.map((target) => {
    const own = all.filter((m) => m.target === target);
    return [target, peakMbOf(own).toFixed(0), (own.at(-1)?.rssMb ?? Number.NaN).toFixed(0)];
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
