/** TensorFlow Serving's REST protocol: `POST /v1/models/<model>:predict`. */

import type { AdapterError } from '../../errors.ts';
import type { Protocol } from '../protocol.ts';

/** Also `/v1/models/m/:predict` and `/v1/models/:predict`, which Seldon's executor takes. */
const predictPath = /^\/v1\/models\/(?:([^/:#]+)\/?)?:predict$/;

function modelOfPath(path: string): string | undefined | false {
  const match = predictPath.exec(path);
  return match === null ? false : match[1];
}

/** Whether a version is AVAILABLE; servers that only borrow the path tell no states. */
function isAvailable(body: Uint8Array): boolean {
  const text = Buffer.from(body).toString('utf8');
  return !text.includes('"model_version_status"') || /"state":\s*"AVAILABLE"/.test(text);
}

const failureBody = (error: AdapterError): string => JSON.stringify({ error: error.message });

export const tensorflow: Protocol = {
  name: 'tensorflow',
  needsModel: true,
  routes: ['/v1/models/*'],
  modelOfPath,
  predictionPath: (model) => `/v1/models/${model}:predict`,
  readinessPath: (model) => `/v1/models/${model}`,
  // 404 or the state LOADING while the model loads: it must not take records yet.
  isReady: (status, body) => status < 300 && isAvailable(body),
  failureBody,
};
