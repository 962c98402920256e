/**
 * A second call of a model that has not answered for a while, at the same time as the first: the
 * first success of the two is the answer. Only for models that may be called twice for one request.
 *
 * H1 At most one more call for each, and at most a tenth as many more as there are calls (beside a
 *    few at the start): a model that is slow because it has too much to do must not get twice as
 *    much. The share is that of gRPC's retry throttling: https://github.com/grpc/proposal/blob/master/A6-client-retries.md
 * H2 Where neither succeeds the first call's end is told; what the other one brought is forgotten.
 */

import type { CallPredictor, PredictionAnswer, Schedule } from './ports.ts';

export interface HedgeOptions {
  /** In ms; the second call has what is then left of the first one's time. */
  readonly afterMs: number;
}

export interface HedgeDeps {
  readonly call: CallPredictor;
  readonly schedule: Schedule;
  /** A second call is made. */
  readonly hedged: () => void;
}

const share = 0.1;
const mostSaved = 10;

/** Makes a call that may turn into two. */
export function createHedge({ afterMs }: HedgeOptions, deps: HedgeDeps): CallPredictor {
  let saved = mostSaved;

  return (call) => {
    saved = Math.min(mostSaved, saved + share);
    const timeoutMs = call.timeoutMs - afterMs;
    const first = deps.call(call);
    if (timeoutMs <= 0) return first;
    return new Promise((resolve, reject) => {
      let second: Promise<PredictionAnswer | undefined> | undefined;
      const callOff = deps.schedule(afterMs, () => {
        if (saved < 1) return;
        saved -= 1;
        deps.hedged();
        second = deps.call({ ...call, timeoutMs }).then(
          (answer) => (isSuccess(answer) ? answer : undefined),
          () => undefined,
        );
        void second.then((answer) => answer !== undefined && resolve(answer));
      });
      const end = async (tell: () => void, mayBeBettered: boolean): Promise<void> => {
        callOff();
        if (!(mayBeBettered && (await second) !== undefined)) tell();
      };
      first.then(
        (answer) => end(() => resolve(answer), !isSuccess(answer)),
        (error) => end(() => reject(error), true),
      );
    });
  };
}

const isSuccess = ({ status }: PredictionAnswer): boolean => status >= 200 && status < 300;
