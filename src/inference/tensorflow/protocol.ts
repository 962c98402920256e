/** TensorFlow Serving's REST protocol: `POST /v1/models/<model>:predict`. */

import type { AdapterError } from '../../errors.ts';
import type { Protocol } from '../protocol.ts';

/** Also `/v1/models/m/:predict` and `/v1/models/:predict`, which Seldon's executor takes. */
const predictPath = /^\/v1\/models\/(?:([^/:]+)\/?)?:predict$/;

function modelOfPath(path: string): string | undefined | false {
  const match = predictPath.exec(path);
  return match === null ? false : match[1];
}

const failureBody = (error: AdapterError): string => JSON.stringify({ error: error.message });

export const tensorflow: Protocol = {
  name: 'tensorflow',
  needsModel: true,
  routes: ['/v1/models/*'],
  modelOfPath,
  predictionPath: (model) => `/v1/models/${model}:predict`,
  readinessPath: (model) => `/v1/models/${model}`,
  // 404 while the model loads: it must not take records yet.
  isReady: (status) => status < 300,
  failureBody,
};
