/**
 * Which faults come when: a seed in, a list out. Pure.
 *
 * S1 Every kind comes at least once, if the time given suffices for all of them.
 * S2 A fault ends before the time given does.
 * S3 A broker is killed only after the one before it is back and has had time to catch up, so that
 *    two of three are always there: replicas, and voters of the controller.
 * S4 The spare member is taken away only while it is there, and added only while it is not.
 */

import { between, type Random, seededRandom, shuffled } from './random.ts';

/** How long a fault lasts; how long its kind then rests; how often it comes beside the others. */
interface Shape {
  readonly forMs: readonly [low: number, high: number];
  readonly restMs: number;
  readonly weight: number;
  readonly target: 'member' | 'broker' | 'partition' | 'none';
}

const shape = (
  target: Shape['target'],
  weight: number,
  forMs: Shape['forMs'] = [0, 0],
  restMs = 0,
): Shape => ({ target, weight, forMs, restMs });

const shapes = {
  'adapter killed': shape('member', 6),
  'adapter frozen': shape('member', 2, [7_000, 9_000], 2_000),
  'member added': shape('none', 3),
  'member taken away': shape('none', 3),
  'broker killed': shape('broker', 4, [2_000, 6_000], 9_000),
  'offsets expired': shape('none', 1, [0, 0], 20_000),
  'offset beyond the end': shape('partition', 1, [0, 0], 20_000),
  'records removed': shape('partition', 1, [0, 0], 20_000),
  'transactions in the input': shape('none', 3),
  'predictor: 500': shape('none', 2, [500, 2_500], 1_000),
  'predictor: 503, Retry-After': shape('none', 2, [500, 2_500], 1_000),
  'predictor: connections reset': shape('none', 2, [500, 2_500], 1_000),
  'predictor: slow': shape('none', 2, [1_000, 3_000], 1_000),
  'predictor: hangs': shape('none', 1, [2_000, 3_000], 2_000),
  'predictor: every third call fails': shape('none', 2, [1_000, 3_000], 1_000),
  'model of one member broken': shape('member', 2, [4_000, 7_000], 3_000),
  'error topic refused': shape('none', 1, [2_000, 5_000], 10_000),
  'credentials refused': shape('member', 2, [2_000, 5_000], 5_000),
} as const satisfies Record<string, Shape>;

export type FaultKind = keyof typeof shapes;
export const faultKinds = Object.keys(shapes) as FaultKind[];

export interface Fault {
  readonly atMs: number;
  readonly kind: FaultKind;
  /** Which member, broker or partition; 0 where the kind has none. */
  readonly target: number;
  /** How long it lasts; 0 where it is over as soon as it is done. */
  readonly forMs: number;
}

export interface ScheduleOptions {
  readonly seed: string;
  readonly durationMs: number;
  /** Between two faults, on average. */
  readonly spacingMs: number;
  readonly members: number;
  readonly brokers: number;
  readonly partitions: number;
}

/** Plans the faults of one cell, ascending in time. */
export function planFaults(options: ScheduleOptions): Fault[] {
  const { durationMs, spacingMs } = options;
  const gapMs = [Math.round(spacingMs / 2), Math.round(spacingMs * 1.5)] as const;
  const random = seededRandom(options.seed);
  const targets = { ...{ member: options.members, broker: options.brokers }, none: 1 };
  const counts = { ...targets, partition: options.partitions };
  const restingUntil = new Map<FaultKind, number>();
  const faults: Fault[] = [];
  let due = shuffled(random, faultKinds);
  let spareIsHere = false;

  const isAllowed = (kind: FaultKind, atMs: number): boolean => {
    if (kind === 'member added' && spareIsHere) return false;
    if (kind === 'member taken away' && !spareIsHere) return false;
    if (atMs < (restingUntil.get(kind) ?? 0)) return false;
    return atMs + shapes[kind].forMs[1] <= durationMs;
  };

  const latestStart = (kind: FaultKind): number => durationMs - shapes[kind].forMs[1];

  /** Of those that are owed, the one that can wait least where time grows short, else any. */
  const owed = (atMs: number): FaultKind | undefined => {
    const allowed = due.filter((kind) => isAllowed(kind, atMs));
    const byUrgency = allowed.toSorted((a, b) => latestStart(a) - latestStart(b));
    const isShort = byUrgency.some((kind, i) => latestStart(kind) - atMs < (i + 2) * gapMs[1]);
    return isShort ? byUrgency[0] : allowed[0];
  };

  const next = (atMs: number): FaultKind | undefined =>
    owed(atMs) ??
    weighted(
      random,
      faultKinds.filter((kind) => isAllowed(kind, atMs)),
    );

  for (let atMs = between(random, 500, 1_500); atMs < durationMs; ) {
    const kind = next(atMs);
    if (kind !== undefined) {
      const { forMs, restMs, target } = shapes[kind];
      const fault = {
        atMs,
        kind,
        target: between(random, 0, counts[target] - 1),
        forMs: between(random, forMs[0], forMs[1]),
      };
      faults.push(fault);
      restingUntil.set(kind, atMs + fault.forMs + restMs);
      if (kind === 'member added') spareIsHere = true;
      if (kind === 'member taken away') spareIsHere = false;
      due = due.filter((one) => one !== kind);
    }
    atMs += between(random, gapMs[0], gapMs[1]);
  }
  return faults;
}

function weighted(random: Random, kinds: readonly FaultKind[]): FaultKind | undefined {
  const total = kinds.reduce((sum, kind) => sum + shapes[kind].weight, 0);
  let left = random() * total;
  return kinds.find((kind) => {
    left -= shapes[kind].weight;
    return left < 0;
  });
}
