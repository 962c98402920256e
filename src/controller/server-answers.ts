/** What an error of the API server is about. */

import { KubernetesApiError } from '../kubernetes/api-error.ts';

/** No answer, or a proxy's in its stead: it passes by itself. */
const unanswered = new Set([0, 502, 503, 504]);
/** Who we are, or how much is asked: nothing of the object either. */
const ofTheCaller = new Set([401, 429]);

export const isUnanswered = (error: unknown): boolean =>
  error instanceof KubernetesApiError && unanswered.has(error.status) && error.reason !== 'Aborted';

/** Whether the error says something of the object that was to be written; a 500 does. */
export const isAboutObject = (error: unknown): error is KubernetesApiError =>
  error instanceof KubernetesApiError &&
  !unanswered.has(error.status) &&
  !ofTheCaller.has(error.status);
