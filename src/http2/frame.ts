/** The numbers of HTTP/2's frames (RFC 9113 §4, §6, §7). */

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 };

export const errorCode = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
} as const;

export const setting = {
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** What a client says first (§3.4). */
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export const frameHeaderBytes = 9;
/** What everybody takes until told otherwise (§4.2); we never ask for more. */
export const defaultFrameBytes = 16_384;
export const largestFrameBytes = 2 ** 24 - 1;
/** Of a stream and of a connection, until told otherwise (§6.9.2). */
export const defaultWindowBytes = 65_535;
export const largestWindowBytes = 2 ** 31 - 1;
export const largestStreamId = 2 ** 31 - 1;
