/** Notes how long every call of a predictor took, and how it ended. */

import type { CallPredictor } from '../delivery/ports.ts';
import { AdapterError } from '../errors.ts';
import { now } from './clock.ts';

/** @param called is given the answer's status, or the code of the error, and seconds */
export function measured(
  call: CallPredictor,
  called: (code: string, seconds: number, path: string) => void,
): CallPredictor {
  return async (request) => {
    const started = now();
    let code = 'none';
    try {
      const answer = await call(request);
      code = String(answer.status);
      return answer;
    } catch (error) {
      code = AdapterError.from(error).code;
      throw error;
    } finally {
      called(code, (now() - started) / 1_000, request.path);
    }
  };
}
