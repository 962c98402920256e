/**
 * What a prediction protocol is to the adapter: paths, readiness, and how it tells a failure.
 * Payloads pass through undecoded, so nothing here looks into one.
 */

import type { AdapterError } from '../errors.ts';

export const protocolNames = ['seldon', 'tensorflow', 'v2'] as const;
export type ProtocolName = (typeof protocolNames)[number];

/** A question about the model, which the predictor answers. */
export interface InfoRequest {
  /** As metrics name it. */
  readonly service: 'status' | 'metadata';
  /** The model that the path names, where the predictor's own path does not. */
  readonly model?: string;
  readonly predictorPath: string;
  /** It is about the whole graph: the answer is made of the model's. */
  readonly graph?: boolean;
}

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
  /** Route patterns of the paths by which callers ask about the model; all of them GET. */
  readonly infoRoutes: readonly string[];
  /** What a request path of one of those asks; `false` where it asks nothing after all. */
  readonly infoOfPath: (path: string) => InfoRequest | false;
  /** The path at the predictor that predicts with `model`. */
  readonly predictionPath: (model: string | undefined) => string;
  /** The path at the predictor that says whether `model` can predict. */
  readonly readinessPath: (model: string | undefined) => string;
  /** The path at the predictor that describes `model`. */
  readonly metadataPath: (model: string | undefined) => string;
  /** Whether an answer on the readiness path means that predictions will be served. */
  readonly isReady: (status: number, body: Uint8Array) => boolean;
  /** The body of a failed ordinary (non-event) prediction request, in the protocol's own shape. */
  readonly failureBody: (error: AdapterError) => string;
}
