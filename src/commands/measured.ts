/** Notes how long every call of a predictor took, and how it ended. */

import type { CallPredictor } from '../delivery/ports.ts';
import { AdapterError } from '../errors.ts';
import type { PredictorFacts } from '../graph/predictor-entry.ts';
import type { ModelName } from '../observability/model-labels.ts';
import type { MeterCall, Method } from '../observability/request-metrics.ts';
import { now } from './clock.ts';

/** The meter is given the answer's status, or the code of the error. */
export function measured(call: CallPredictor, meter: MeterCall, method: Method): CallPredictor {
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
      meter(request.path, method, code, (now() - started) / 1_000, request.headers);
    }
  };
}

/** What metrics say of a model. */
export function modelName(name: string, { images }: PredictorFacts): ModelName {
  const image = images.get(name) ?? { name: '', version: '' };
  return { name, image: image.name, version: image.version };
}
