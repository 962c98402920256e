/** Seldon's own protocol (v1): one fixed path; the model is not named in it. */

import type { AdapterError } from '../../errors.ts';
import type { Protocol } from '../protocol.ts';

/** Seldon's executor answers failures in this shape: see `Status` in its prediction.proto. */
const failureBody = (error: AdapterError): string =>
  JSON.stringify({
    status: { code: error.status, info: error.message, reason: error.code, status: 'FAILURE' },
  });

export const seldon: Protocol = {
  name: 'seldon',
  needsModel: false,
  routes: ['/api/v0.1/predictions', '/api/v1.0/predictions'],
  modelOfPath: () => undefined,
  predictionPath: () => '/predict',
  readinessPath: () => '/health/status',
  // The health route is optional for a model server: one that answers at all can be called.
  isReady: (status) => status < 500,
  failureBody,
};
