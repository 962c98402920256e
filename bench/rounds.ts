/**
 * Interleaved rounds: every round measures each target in each case, so that whatever else the
 * machine does falls on all of them alike.
 */

import type { LoadProcess } from './load-process.ts';
import { say } from './report.ts';
import { cpuMs, type Memory, memoryOf, type ServerProcess } from './server-process.ts';
import { median } from './statistics.ts';

/** A server, and what is sent to it. */
export interface Target<T extends string> {
  readonly name: T;
  readonly server: ServerProcess;
  readonly port: number;
  readonly path: string;
}

export interface Case<P extends string> {
  readonly payload: P;
  /** How many requests are in flight. */
  readonly connections: number;
}

export interface Measurement<T extends string, P extends string> extends Case<P>, Memory {
  readonly target: T;
  readonly round: number;
  readonly requests: number;
  readonly perSecond: number;
  /** Of the target alone. */
  readonly cpuMsPerRequest: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface RoundsOptions<T extends string, P extends string> {
  readonly load: LoadProcess;
  readonly targets: readonly Target<T>[];
  readonly cases: readonly Case<P>[];
  /** Each target is warmed up with it. */
  readonly warmUp: Case<P>;
  readonly rounds: number;
  /** How long each target is measured in each case of each round. */
  readonly seconds: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodies: Readonly<Record<P, Buffer>>;
}

const warmUpSeconds = 3;

/** Warms every target up, then measures all rounds. */
export async function measureAll<T extends string, P extends string>(
  options: RoundsOptions<T, P>,
): Promise<Measurement<T, P>[]> {
  const { targets, cases, rounds, seconds } = options;
  const measurements: Measurement<T, P>[] = [];
  for (const target of targets) {
    say(`warm-up: ${target.name}`);
    await measure(options, target, options.warmUp, 0, warmUpSeconds);
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const one of cases) {
      // Whoever comes first in one round comes last in another.
      const order = targets.map((_, i) => targets[(i + round) % targets.length] as Target<T>);
      for (const target of order) {
        const m = await measure(options, target, one, round, seconds);
        measurements.push(m);
        say(
          `round ${round}: ${one.payload} × ${one.connections}, ${m.target}: ${m.perSecond.toFixed(0)}/s, ${m.cpuMsPerRequest.toFixed(4)} ms CPU, p50 ${m.p50Ms} ms`,
        );
      }
    }
  }
  return measurements;
}

async function measure<T extends string, P extends string>(
  { load, headers, bodies }: RoundsOptions<T, P>,
  { name, server, port, path }: Target<T>,
  { payload, connections }: Case<P>,
  round: number,
  seconds: number,
): Promise<Measurement<T, P>> {
  const before = cpuMs(server.pid);
  const body = bodies[payload].toString('latin1');
  const result = await load.run({ port, path, headers, body, connections, seconds });
  const { requests, p50Ms, p99Ms } = result;
  return {
    target: name,
    payload,
    connections,
    round,
    requests,
    perSecond: requests / result.seconds,
    cpuMsPerRequest: (cpuMs(server.pid) - before) / requests,
    p50Ms,
    p99Ms,
    ...memoryOf(server.pid),
  };
}

/** The measurements of one target in one case, a round each. */
export const roundsOf = <T extends string, P extends string>(
  all: readonly Measurement<T, P>[],
  target: T,
  { payload, connections }: Case<P>,
): Measurement<T, P>[] =>
  all.filter((m) => m.target === target && m.payload === payload && m.connections === connections);

type Rounds = readonly Measurement<string, string>[];

/** The middle of the rounds. */
export const mediansOf = (rounds: Rounds) => ({
  perSecond: median(rounds.map((m) => m.perSecond)),
  cpuMsPerRequest: median(rounds.map((m) => m.cpuMsPerRequest)),
  p50Ms: median(rounds.map((m) => m.p50Ms)),
  p99Ms: median(rounds.map((m) => m.p99Ms)),
});

/** How many times the CPU of `base` it costs: the middle of the ratios within each round. */
export const cpuRatio = (rounds: Rounds, base: Rounds): number =>
  median(rounds.map((m, i) => m.cpuMsPerRequest / (base[i]?.cpuMsPerRequest ?? Number.NaN)));

export const peakMbOf = (rounds: Rounds): number => Math.max(...rounds.map((m) => m.peakMb));
