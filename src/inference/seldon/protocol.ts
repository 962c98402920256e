/** Seldon's own protocol (v1): one fixed path; the model is not named in it. */

import type { AdapterError } from '../../errors.ts';
import type { InfoRequest, Protocol } from '../protocol.ts';

/** Seldon's executor answers failures in this shape: see `Status` in its prediction.proto. */
const failureBody = (error: AdapterError): string =>
  JSON.stringify({
    status: { code: error.status, info: error.message, reason: error.code, status: 'FAILURE' },
  });

/** Of one model, `…/status/<model>`, or of the whole graph. */
const infoPath = /^\/api\/v(?:0\.1|1\.0)\/(?:(health\/status)|(status|metadata)(?:\/([^/#]+))?)$/;

function infoOfPath(path: string): InfoRequest | false {
  const match = infoPath.exec(path);
  if (match === null) return false;
  const [, health, about, model] = match;
  const isStatus = health !== undefined || about === 'status';
  return {
    service: isStatus ? 'status' : 'metadata',
    predictorPath: isStatus ? readinessPath : '/metadata',
    ...(model === undefined ? { graph: true } : { model }),
  };
}

const readinessPath = '/health/status';

export const seldon: Protocol = {
  name: 'seldon',
  needsModel: false,
  routes: ['/api/v0.1/predictions', '/api/v1.0/predictions'],
  modelOfPath: () => undefined,
  infoRoutes: [
    '/api/v1.0/health/status',
    '/api/v1.0/status',
    '/api/v1.0/metadata',
    ...['v0.1', 'v1.0'].flatMap((api) => [
      `/api/${api}/status/:model`,
      `/api/${api}/metadata/:model`,
    ]),
  ],
  infoOfPath,
  predictionPath: () => '/predict',
  readinessPath: () => readinessPath,
  metadataPath: () => '/metadata',
  // The health route is optional for a model server: one that answers at all can be called.
  isReady: (status) => status < 500,
  failureBody,
};
