/** What a sender is told, whichever way its input came: so that rows can be the same for all. */

import type { Buffer } from 'node:buffer';

export type Told = Answered | Failed;

export interface Answered {
  readonly kind: 'answered';
  readonly body: Buffer | null | undefined;
  readonly puid: unknown;
  /** Undefined where the way has none. */
  readonly contentType: unknown;
  readonly protoName: unknown;
  /** Of the reply event, where it is one. */
  readonly event: ReplyAttributes | undefined;
}

export interface ReplyAttributes {
  readonly type: unknown;
  readonly source: unknown;
  readonly causationid: unknown;
  readonly protoname: unknown;
}

export interface Failed {
  readonly kind: 'failed';
  /** Of HTTP or gRPC; `diverted` on Kafka. */
  readonly status: number | string;
  /** Our error code and its class, where the way tells them. */
  readonly code?: unknown;
  readonly fault?: unknown;
  /** On Kafka. */
  readonly attempts?: unknown;
  /** What else is said of it. */
  readonly words?: unknown;
}
