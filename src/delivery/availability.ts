/**
 * Whether the predictor serves anybody at all: the circuit breaker of the Kafka path, and the
 * judge of the two budgets of design.md §3.3.
 *
 *   serving ──call never arrived, deployment fault──▶ down ──probe due──▶ one probe ──answered──▶ serving
 *      └──`failingInputs` different inputs in a row failed──▶ down          └──failed──▶ down, longer
 *
 * A1 A failed attempt counts against its record only if the predictor serves others, as far as we
 *    know: it was made while `serving`, it reached the predictor, and the fault is transient.
 * A2 A probe counts too if the predictor answered it while calling itself ready: otherwise a run
 *    of poisonous records longer than our window would stall its partition for ever. Probes are
 *    far apart, so an outage that answers 500 to everybody sheds next to nothing.
 */

import type { AdapterError } from '../errors.ts';
import { backoffMs } from './backoff.ts';
import type { Now, Random } from './ports.ts';

export interface AvailabilityOptions {
  /** So many different inputs fail in a row, none succeeds: the predictor is down for everybody. */
  readonly failingInputs: number;
  /** Delay before the first probe, in ms. */
  readonly probeBaseMs: number;
  /** Longest delay between probes while calls do not arrive, in ms. */
  readonly probeMaxMs: number;
  /** Longest delay between probes while calls arrive and fail, in ms. */
  readonly failingProbeMaxMs: number;
}

export interface AvailabilityDeps {
  readonly now: Now;
  readonly random: Random;
  /** The predictor's own word, from its health route. */
  readonly predictorReady: () => boolean;
  /** The predictor went down for everybody, by this error; or serves again (undefined). */
  readonly changed: (error: AdapterError | undefined) => void;
}

export type Permission = 'serving' | 'probe';

export interface Availability {
  /** May a call be made now? A granted `probe` is the only one until it is reported. */
  readonly permit: () => Permission | undefined;
  /** The predictor answered an input: a prediction, or a refusal of that input. */
  readonly answered: () => void;
  /**
   * @param input names the input, so that one bad record is not taken for many
   * @returns whether the attempt counts against the record
   */
  readonly failed: (permission: Permission, error: AdapterError, input: string) => boolean;
  /** A granted probe came to nothing (its record was taken away). */
  readonly abandoned: (permission: Permission) => void;
  /** Whether it serves, as far as we know: it calls itself ready, and calls do not all fail. */
  readonly serving: () => boolean;
  /** Forgets what calls have shown: records come anew, after others had them meanwhile. */
  readonly reset: () => void;
  /**
   * Ms until {@link Availability.permit} may grant a probe; undefined where time alone will not
   * bring one: while serving, during a probe, and while the predictor calls itself not ready.
   */
  readonly probeInMs: () => number | undefined;
}

/** Makes the judge, in the state `serving`. */
export function createAvailability(
  options: AvailabilityOptions,
  deps: AvailabilityDeps,
): Availability {
  const failing = new Set<string>();
  let down: { probes: number; probeAt: number; probing: boolean } | undefined;

  const goDown = (maxMs: number, error: AdapterError): void => {
    if (down === undefined) deps.changed(error);
    const probes = (down?.probes ?? 0) + 1;
    const delay = backoffMs(probes, { baseMs: options.probeBaseMs, maxMs }, deps.random);
    down = { probes, probeAt: deps.now() + delay, probing: false };
  };

  const failedWhileServing = (error: AdapterError, input: string): boolean => {
    // Others that were under way with it have told us already.
    if (down !== undefined) return false;
    if (!error.reached || error.fault === 'deployment') {
      goDown(options.probeMaxMs, error);
      return false;
    }
    failing.add(input);
    if (failing.size < options.failingInputs) return true;
    goDown(options.failingProbeMaxMs, error);
    return false;
  };

  const failedAsProbe = (error: AdapterError): boolean => {
    const arrived = error.reached && error.fault === 'transient';
    goDown(arrived ? options.failingProbeMaxMs : options.probeMaxMs, error);
    return arrived && deps.predictorReady();
  };

  return {
    permit: () => {
      if (!deps.predictorReady()) return undefined;
      if (down === undefined) return 'serving';
      if (down.probing || deps.now() < down.probeAt) return undefined;
      down.probing = true;
      return 'probe';
    },
    answered: () => {
      if (failing.size > 0) failing.clear();
      if (down === undefined) return;
      down = undefined;
      deps.changed(undefined);
    },
    failed: (permission, error, input) =>
      permission === 'probe' ? failedAsProbe(error) : failedWhileServing(error, input),
    abandoned: (permission) => {
      if (permission === 'probe' && down !== undefined) down.probing = false;
    },
    serving: () => down === undefined && deps.predictorReady(),
    reset: () => {
      failing.clear();
      down = undefined;
    },
    probeInMs: () => {
      if (down === undefined || down.probing || !deps.predictorReady()) return undefined;
      return Math.max(0, down.probeAt - deps.now());
    },
  };
}
