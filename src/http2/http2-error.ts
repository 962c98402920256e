/** What a peer did that the protocol does not allow. */

import type { errorCode } from './frame.ts';

export type ErrorCode = (typeof errorCode)[keyof typeof errorCode];

/** Ends the connection (RFC 9113 §5.4.1). */
export class Http2Error extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
