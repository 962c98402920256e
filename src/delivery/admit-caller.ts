/** Whether a caller may ask for predictions: asked by the HTTP and gRPC edges alike. */

import type { AdapterError } from '../errors.ts';

/**
 * Judges the `Authorization` of a request. It answers at once where it knows the token already.
 * @returns why the caller is turned away; undefined where it is let in
 */
export type AdmitCaller = (
  authorization: string | undefined,
) => AdapterError | undefined | Promise<AdapterError | undefined>;
