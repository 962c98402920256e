/**
 * HTTP: what the adapter costs per request, on request with tokens and traces too, beside a bare
 * pass-through and the predictor alone.
 * One interleaved run (rounds.ts). See README.md.
 */

import { request } from 'undici';
import { startTokenIssuer, type TokenIssuer } from '../test/support/token-issuer.ts';
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
import { type ServerProcess, startAdapter, startServer } from './server-process.ts';

const options = readOptions({
  seconds: '5',
  rounds: '5',
  connections: '1,16,64',
  payloads: payloadNames.join(','),
  node: process.execPath,
  'node-flags': imageFlags(),
  targets: 'adapter,bare,predictor',
  out: 'build/bench-http.json',
});

/** Adapters: as it is, asking each sender for a token, tracing one request in a hundred, and both. */
const adapterNames = ['adapter', 'oidc', 'traced', 'oidc+traced'] as const;
const knownTargets = [...adapterNames, 'bare', 'predictor'] as const;
type TargetName = (typeof knownTargets)[number];
const targetNames = names(options.targets, knownTargets);
const isAsked = (name: TargetName): boolean => targetNames.includes(name);

const binary = { node: options.node, nodeFlags: words(options['node-flags']) };

const targetOf = (name: TargetName, server: ServerProcess, path: string): Target<TargetName> => ({
  name,
  server,
  port: Number(new URL(server.url).port),
  path,
});

/** What the targets need beside themselves. */
const helpers: ServerProcess[] = [];

async function startTargets(issuer: TokenIssuer): Promise<Target<TargetName>[]> {
  const predictor = await startServer({ ...binary, script: './predictor.js' });
  const bare = await startServer({
    ...binary,
    script: './pass-through.js',
    args: [predictor.url],
  });
  const collector = await startServer({ ...binary, script: './trace-sink.js' });
  helpers.push(collector);
  const oidc = { OIDC_ISSUER: issuer.issuer };
  const traced = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.01',
  };
  const extras = { adapter: {}, oidc, traced, 'oidc+traced': { ...oidc, ...traced } };
  const targets: Target<TargetName>[] = [];
  for (const name of adapterNames) {
    if (!isAsked(name)) continue;
    const env = { PREDICTOR_URL: predictor.url, ...extras[name] };
    const adapter = await startAdapter(binary, env);
    targets.push(targetOf(name, adapter, '/'));
  }
  return [...targets, targetOf('bare', bare, '/'), targetOf('predictor', predictor, '/predict')];
}

/** The adapter's answers must be reply events; a fast wrong answer is worth nothing. */
async function checkReply(
  { server, path }: Target<TargetName>,
  payload: PayloadName,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const answer = await request(server.url + path, {
    method: 'POST',
    headers,
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

const dayFromNow = (): number => Math.floor(Date.now() / 1_000) + 86_400;

async function main(): Promise<void> {
  const machine = machineInfo(options.node);
  const load = startLoadProcess();
  const audience = 'machinelearning.seldon.io/seldondeployment/default/iris-deployment';
  const issuer = await startTokenIssuer({ audience });
  const headers =
    isAsked('oidc') || isAsked('oidc+traced')
      ? { ...eventHeaders, Authorization: `Bearer ${issuer.token({ exp: dayFromNow() })}` }
      : eventHeaders;
  const targets = await startTargets(issuer);
  const cases = names(options.payloads, payloadNames).flatMap((payload) =>
    numbers(options.connections).map((connections) => ({ payload, connections })),
  );
  try {
    const adapters: readonly TargetName[] = adapterNames;
    for (const target of targets.filter(({ name }) => adapters.includes(name))) {
      for (const payload of payloadNames) await checkReply(target, payload, headers);
    }
    const rounds = await measureAll({
      load,
      targets,
      cases,
      warmUp: { payload: 'iris', connections: 16 },
      rounds: Number(options.rounds),
      seconds: Number(options.seconds),
      headers,
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
    const servers = [...targets.map(({ server }) => server), ...helpers];
    await Promise.all(servers.map((server) => server.stop()));
    await issuer.close();
  }
}

await main();
