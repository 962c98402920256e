/** What the gRPC benchmark sends, and what the predictor answers. */

import { bytesField } from '../src/inference/protobuf.ts';

/** A SeldonMessage { binData = 4 }: a graph looks for its fields. */
const messageOf = (bytes: number): Buffer => Buffer.from(bytesField(4, Buffer.alloc(bytes, 1)));

/** Of a row of an iris' features, and of a CIFAR-10 image, about as many bytes as their messages. */
export const messages = { iris: messageOf(58), '13KB': messageOf(12_996) } as const;
export type MessageName = keyof typeof messages;
export const messageNames = Object.keys(messages) as MessageName[];

export const answer = messageOf(58);

export const method = '/seldon.protos.Model/Predict';
export const callHeaders = { 'content-type': 'application/grpc', te: 'trailers' };

/** A message with gRPC's prefix. */
export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}
