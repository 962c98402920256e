/**
 * Questions about status and metadata as gRPC asks them, for callers who ask by a protocol's REST
 * paths and expect its JSON.
 */

import { AdapterError } from '../errors.ts';

export interface GrpcQuestion {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly message: Uint8Array;
  /** What the answer is in REST. @throws Error where it is no message of its kind */
  readonly read: (answer: Uint8Array) => RestInfo;
}

export interface RestInfo {
  /** HTTP's: 503 where the model says that it is not ready. */
  readonly status: number;
  /** As JSON.stringify takes it. */
  readonly json: unknown;
}

/** What a server is asked, by the path that REST would ask it by. */
export interface GrpcInfo {
  /** Every method that may be asked, for metrics to tell apart. */
  readonly paths: readonly string[];
  /** @throws AdapterError where gRPC has no such question */
  readonly questionOf: (restPath: string) => GrpcQuestion;
}

/** A path of the protocol that it cannot ask about. */
export const noQuestion = (restPath: string): AdapterError =>
  new AdapterError('ROUTE_UNKNOWN', `gRPC has no question for ${restPath}`);

/** A segment of a path as its caller meant it; one that is written wrongly stays as it is. */
export function segmentOf(text: string | undefined): string {
  try {
    return decodeURIComponent(text ?? '');
  } catch {
    return text ?? '';
  }
}
