/**
 * What a prediction protocol is to the adapter: paths, readiness, and how it tells a failure.
 * Payloads pass through undecoded, so nothing here looks into one.
 */

import type { AdapterError } from '../errors.ts';

export const protocolNames = ['seldon', 'tensorflow', 'v2'] as const;
export type ProtocolName = (typeof protocolNames)[number];

export interface Protocol {
  readonly name: ProtocolName;
  /** Whether the predictor's paths name the model. */
  readonly needsModel: boolean;
  /** Route patterns (Fastify's syntax) of the protocol's own prediction paths. */
  readonly routes: readonly string[];
  /**
   * The model that a request path of one of the routes names; undefined where it names none.
   * `false` where the path is no prediction path after all.
   */
  readonly modelOfPath: (path: string) => string | undefined | false;
  /** The path at the predictor that predicts with `model`. */
  readonly predictionPath: (model: string | undefined) => string;
  /** The path at the predictor that says whether `model` can predict. */
  readonly readinessPath: (model: string | undefined) => string;
  /** Whether an answer on the readiness path means that predictions will be served. */
  readonly isReady: (status: number, body: Uint8Array) => boolean;
  /** The body of a failed ordinary (non-event) prediction request, in the protocol's own shape. */
  readonly failureBody: (error: AdapterError) => string;
}
