/** What a peer says that it takes (RFC 9113 §6.5). Pure. */

import {
  defaultFrameBytes,
  errorCode,
  largestFrameBytes,
  largestWindowBytes,
  setting,
} from './frame.ts';
import { Http2Error } from './http2-error.ts';

/** Those that concern us; undefined: not said. */
export interface PeerSettings {
  enablePush?: number;
  maxConcurrentStreams?: number;
  initialWindowSize?: number;
  maxFrameSize?: number;
}

/** Our encoder has no table, and sends little: the other settings are for others. */
const names = new Map<number, keyof PeerSettings>([
  [setting.enablePush, 'enablePush'],
  [setting.maxConcurrentStreams, 'maxConcurrentStreams'],
  [setting.initialWindowSize, 'initialWindowSize'],
  [setting.maxFrameSize, 'maxFrameSize'],
]);

/** Reads a frame's payload; of a setting that is given twice the last one counts. @throws Http2Error */
export function readSettings(payload: Buffer): PeerSettings {
  if (payload.length % 6 !== 0) {
    throw new Http2Error(errorCode.frameSizeError, `settings of ${payload.length} bytes`);
  }
  const settings: PeerSettings = {};
  for (let at = 0; at < payload.length; at += 6) {
    const id = payload.readUInt16BE(at);
    const value = payload.readUInt32BE(at + 2);
    check(id, value);
    const name = names.get(id);
    if (name !== undefined) settings[name] = value;
  }
  return settings;
}

function check(id: number, value: number): void {
  if (id === setting.enablePush && value > 1) throw refused(id, value);
  if (id === setting.initialWindowSize && value > largestWindowBytes) {
    throw new Http2Error(errorCode.flowControlError, `an initial window of ${value} bytes`);
  }
  const isFrameSize = id === setting.maxFrameSize;
  if (isFrameSize && (value < defaultFrameBytes || value > largestFrameBytes)) {
    throw refused(id, value);
  }
}

const refused = (id: number, value: number): Http2Error =>
  new Http2Error(errorCode.protocolError, `setting ${id} of ${value}`);
