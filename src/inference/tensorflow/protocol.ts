/** TensorFlow Serving's REST protocol: `POST /v1/models/<model>:predict`. */

import type { AdapterError } from '../../errors.ts';
import type { InfoRequest, Protocol } from '../protocol.ts';

/** Also `/v1/models/m/:predict` and `/v1/models/:predict`, which Seldon's executor takes. */
const predictPath = /^\/v1\/models\/(?:([^/:#]+)\/?)?:predict$/;

function modelOfPath(path: string): string | undefined | false {
  const match = predictPath.exec(path);
  return match === null ? false : match[1];
}

/** A dot segment would lead the predictor to another path. */
const segment = '(?!(?:\\.|%2[eE]){1,2}(?:/|$))[^/:#]+';
const infoPath = new RegExp(
  `^/v1/models/${segment}(?:/(?:versions|labels)/${segment})?(/metadata)?$`,
);

function infoOfPath(path: string): InfoRequest | false {
  const match = infoPath.exec(path);
  if (match === null) return false;
  return { service: match[1] === undefined ? 'status' : 'metadata', predictorPath: path };
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
  infoRoutes: ['', '/versions/:version', '/labels/:label'].flatMap((version) => [
    `/v1/models/:model${version}`,
    `/v1/models/:model${version}/metadata`,
  ]),
  infoOfPath,
  predictionPath: (model) => `/v1/models/${model}:predict`,
  readinessPath: (model) => `/v1/models/${model}`,
  metadataPath: (model) => `/v1/models/${model}/metadata`,
  // 404 or the state LOADING while the model loads: it must not take records yet.
  isReady: (status, body) => status < 300 && isAvailable(body),
  failureBody,
};
