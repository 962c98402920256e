/** The v2 (Open Inference) REST protocol: `POST /v2/models/<model>/infer`. */

import type { AdapterError } from '../../errors.ts';
import type { InfoRequest, Protocol } from '../protocol.ts';

/**
 * Also `/v2/models/infer`, which Seldon's executor takes for the configured model. A version stays
 * with its model; a dot segment would lead the predictor to another path.
 */
const segment = '(?!(?:\\.|%2[eE]){1,2}(?:/|$))[^/#]+';
const inferPath = new RegExp(`^/v2/models/(?:(${segment}(?:/versions/${segment})?)/)?infer$`);

function modelOfPath(path: string): string | undefined | false {
  const match = inferPath.exec(path);
  return match === null ? false : match[1];
}

const infoPath = new RegExp(`^/v2(?:/models/${segment}(?:/versions/${segment})?(/ready)?)?$`);

function infoOfPath(path: string): InfoRequest | false {
  const match = infoPath.exec(path);
  if (match === null) return false;
  return { service: match[1] === undefined ? 'metadata' : 'status', predictorPath: path };
}

const failureBody = (error: AdapterError): string => JSON.stringify({ error: error.message });

export const v2: Protocol = {
  name: 'v2',
  needsModel: true,
  routes: ['/v2/models/*'],
  modelOfPath,
  infoRoutes: [
    '/v2',
    ...['', '/versions/:version'].flatMap((version) => [
      `/v2/models/:model${version}`,
      `/v2/models/:model${version}/ready`,
    ]),
  ],
  infoOfPath,
  predictionPath: (model) => `/v2/models/${model}/infer`,
  readinessPath: (model) => `/v2/models/${model}/ready`,
  metadataPath: (model) => `/v2/models/${model}`,
  isReady: (status) => status < 300,
  failureBody,
};
