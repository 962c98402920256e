/**
 * A circuit breaker around the calls of one node of a graph: while the node serves nobody, requests
 * are told so at once instead of waiting for it, and one of them at a time finds out whether it
 * serves again. The judge is that of the Kafka path: see availability.ts.
 *
 * B1 What a node refuses does not open it: callers could shut out each other with bad requests. Nor
 *    does a deadline that had passed before the node was called.
 */

import { AdapterError } from '../errors.ts';
import { faultOfAnswer } from '../inference/classify-answer.ts';
import { createAvailability } from './availability.ts';
import type { CallWithinDeadline } from './call-within-deadline.ts';
import type { Log, Now, PredictionAnswer, Random } from './ports.ts';

const judgement = {
  failingInputs: 5,
  probeBaseMs: 250,
  probeMaxMs: 5_000,
  failingProbeMaxMs: 5_000,
};

export interface BreakerDeps {
  readonly call: CallWithinDeadline;
  readonly now: Now;
  readonly random: Random;
  readonly log: Log;
}

/**
 * @param where the node's name and address, for messages
 * @returns the same call, which throws PREDICTOR_UNREACHABLE at once while the breaker is open
 */
export function createBreaker(where: string, deps: BreakerDeps): CallWithinDeadline {
  let reason = '';
  let failures = 0;
  const availability = createAvailability(judgement, {
    now: deps.now,
    random: deps.random,
    predictorReady: () => true,
    changed: (error) => {
      if (error === undefined) deps.log.info({ where }, 'the node serves again');
      else deps.log.warn({ where, reason: error.message }, 'the node is not called for a while');
    },
  });

  const judge = (error: AdapterError, permission: 'serving' | 'probe'): void => {
    const isBlameless = error.code === 'DEADLINE_EXCEEDED' && !error.reached;
    if (isBlameless) availability.abandoned(permission);
    else if (error.fault === 'transient') {
      reason = error.message;
      failures += 1;
      availability.failed(permission, error, String(failures));
    } else availability.answered();
  };

  return async (call) => {
    const permission = availability.permit();
    if (permission === undefined) throw open(where, reason, availability.probeInMs());
    let answer: PredictionAnswer;
    try {
      answer = await deps.call(call);
    } catch (thrown) {
      const error = AdapterError.from(thrown);
      judge(error, permission);
      throw error;
    }
    const isSuccess = answer.status >= 200 && answer.status < 300;
    const fault = isSuccess ? undefined : faultOfAnswer(answer, where);
    if (fault === undefined) availability.answered();
    else judge(fault, permission);
    return answer;
  };
}

const open = (where: string, reason: string, probeInMs: number | undefined): AdapterError =>
  new AdapterError(
    'PREDICTOR_UNREACHABLE',
    `${where} is not called for now, since its last calls failed (${reason}); it is tried again ${probeInMs === undefined ? 'right now' : `in ${Math.ceil(probeInMs)} ms`}`,
    { reached: false, retryAfterMs: probeInMs },
  );
