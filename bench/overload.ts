/**
 * Overload: requests keep coming at their rate while the predictor becomes ten times slower halfway,
 * and recovers afterwards; with and without the adaptive limit. See README.md.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readOptions } from './options.ts';
import type { OneAnswer, OverloadPlan } from './overload-load.ts';
import { type Cell, machineInfo, publish, say, table, told } from './report.ts';
import { startAdapter, startServer } from './server-process.ts';

const options = readOptions({
  requests: '10000',
  'per-second': '250',
  'deadline-ms': '2000',
  fraction: '0.5',
  out: 'build/bench-overload.json',
});
const requests = Number(options.requests);
const perSecond = Number(options['per-second']);
const deadlineMs = Number(options['deadline-ms']);
/** What comes after the predictor has recovered. */
const afterwards = Math.ceil(requests / 10);
const warmUp = 1_000;
const halfwayMs = (requests / 2 / perSecond) * 1_000;
const slowUntilMs = 2 * halfwayMs;

const modes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'fixed limit': {},
  'fixed limit, fraction': { OVERLOAD_DEADLINE_FRACTION: options.fraction },
  'adaptive limit': { ADAPTIVE_CONCURRENCY: 'true', OVERLOAD_DEADLINE_FRACTION: options.fraction },
};

const binary = { node: process.execPath, nodeFlags: [] };

/** One run of everything with these settings; its answers in the order of sending. */
async function measure(settings: Readonly<Record<string, string>>): Promise<OneAnswer[]> {
  const predictor = await startServer({ ...binary, script: './queueing-predictor.js' });
  const adapter = await startAdapter(binary, {
    PREDICTOR_URL: predictor.url,
    REQUEST_TIMEOUT_MS: String(deadlineMs),
    LOG_LEVEL: 'info',
    ...settings,
  });
  const script = fileURLToPath(new URL('./overload-load.js', import.meta.url));
  const load = fork(script, { execArgv: [] });
  const run = (count: number, rate: number): Promise<[OneAnswer[]]> => {
    const plan: OverloadPlan = {
      url: `${adapter.url}/`,
      requests: count,
      perSecond: rate,
      patienceMs: 10 * deadlineMs,
    };
    load.send(plan);
    return once(load, 'message') as Promise<[OneAnswer[]]>;
  };
  try {
    // All three processes compile what they run.
    await run(warmUp, perSecond / 2);
    const ended = run(requests + afterwards, perSecond);
    await sleep(halfwayMs);
    process.kill(predictor.pid, 'SIGUSR2');
    await sleep(slowUntilMs - halfwayMs);
    process.kill(predictor.pid, 'SIGUSR2');
    return (await ended)[0];
  } finally {
    load.kill();
    await adapter.stop();
    await predictor.stop();
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}

function row(mode: string, phase: string, answers: readonly OneAnswer[]): Cell[] {
  const withStatus = (status: number) => answers.filter((one) => one.status === status);
  const took = (some: readonly OneAnswer[]) => some.map(({ tookMs }) => tookMs);
  const accepted = took(withStatus(200));
  const refused = withStatus(429);
  const open = withStatus(503).length;
  const late = withStatus(504).length;
  return [
    mode,
    phase,
    answers.length,
    accepted.length,
    refused.length,
    open,
    late,
    answers.length - accepted.length - refused.length - open - late,
    quantile(accepted, 0.5).toFixed(0),
    quantile(accepted, 0.99).toFixed(0),
    quantile(took(refused), 0.5).toFixed(0),
    refused.filter(({ retryAfter }) => retryAfter === undefined).length,
  ];
}

const phases: readonly (readonly [string, from: number, to: number])[] = [
  ['fast', 0, halfwayMs],
  ['ten times slower', halfwayMs, slowUntilMs],
  ['recovered', slowUntilMs, Number.POSITIVE_INFINITY],
];

async function main(): Promise<void> {
  const machine = machineInfo(process.execPath);
  const rows: Cell[][] = [];
  const runs: Record<string, OneAnswer[]> = {};
  for (const [mode, settings] of Object.entries(modes)) {
    say(`${mode}: ${(slowUntilMs / 1_000).toFixed(0)} s and the recovery`);
    const answers = await measure(settings);
    runs[mode] = answers;
    for (const [phase, from, to] of phases) {
      const some = answers.filter(({ sentAtMs }) => sentAtMs >= from && sentAtMs < to);
      rows.push(row(mode, phase, some));
    }
    rows.push(row(mode, `first ${requests}`, answers.slice(0, requests)));
  }
  const columns = ['limit', 'predictor', 'requests', '200', '429', '503', '504', 'lost'];
  const times = ['200: p50 ms', '200: p99 ms', '429: p50 ms', '429 without Retry-After'];
  publish([told(machine), table([...columns, ...times], rows)], options.out, {
    machine,
    options,
    rows,
    runs,
  });
}

await main();
