/** How calls are refused before any method sees them. */

import type { FrameFlaw } from '../inference/grpc-frame.ts';
import { grpcCode } from '../inference/grpc-status.ts';
import type { Told } from './method.ts';

const told = (name: string, details: string): Told => ({ code: grpcCode(name), details });

export const unknownMethod = (path: string): Told =>
  told(
    'UNIMPLEMENTED',
    `this server does not offer ${path.slice(0, 200)}; reflection lists what it does`,
  );

export const badTimeout = (text: string): Told =>
  told(
    'INTERNAL',
    `the grpc-timeout ${JSON.stringify(text.slice(0, 50))} is none; send up to eight digits and a unit, such as 500m`,
  );

export const tooLarge = (maxBodyBytes: number): Told =>
  told(
    'RESOURCE_EXHAUSTED',
    `the message is larger than ${maxBodyBytes} bytes; raise MAX_BODY_BYTES or send less`,
  );

/** @param expanded whether it was within the bound only while it was compressed */
export const flawed = (flaw: FrameFlaw, maxBodyBytes: number): Told =>
  flaw === 'message too large' ? tooLarge(maxBodyBytes) : badPrefix;

const badPrefix = told(
  'INTERNAL',
  'a message does not begin with 0 or 1 and its length; send it length-prefixed, as gRPC does',
);

export const tooSlow = told(
  'DEADLINE_EXCEEDED',
  'the message was not sent in time; send it within REQUEST_TIMEOUT_MS and the deadline of the call',
);

export const tooLate = told('DEADLINE_EXCEEDED', 'the deadline passed before there was an answer');

export const noMessage = (path: string): Told =>
  told(
    'UNIMPLEMENTED',
    `${path} takes one message, and the call ended before there was a whole one`,
  );

export const secondMessage = (path: string): Told =>
  told('UNIMPLEMENTED', `${path} takes one message, and a second one came`);

export const unknownEncoding = (encoding: string): Told =>
  told(
    'UNIMPLEMENTED',
    `the message is compressed by ${JSON.stringify(encoding.slice(0, 50))}; send it by gzip, deflate or not compressed`,
  );

export const noEncoding = told(
  'INTERNAL',
  'the message says that it is compressed, and no grpc-encoding says how; send that, or 0 before the message',
);

export const notCompressed = (encoding: string): Told =>
  told('INTERNAL', `the message is not compressed by ${encoding}, as grpc-encoding says`);

export const unreadable = told('INTERNAL', 'the message could not be deserialized');

export const failed = told('INTERNAL', 'this server failed');
