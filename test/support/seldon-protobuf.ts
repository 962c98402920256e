/** Seldon's messages as protobufjs itself reads and writes them, by the names of their fields. */

import { Buffer } from 'node:buffer';
import protobuf from 'protobufjs';
import { seldonProto } from '../../src/inference/seldon/proto.ts';
import { tensorProto } from '../../src/inference/tensorflow/tensor-proto.ts';

const root = new protobuf.Root();
for (const name of ['any', 'struct', 'wrappers', 'empty']) {
  root.addJSON(protobuf.common.get(`google/protobuf/${name}.proto`)?.nested ?? {});
}
const list = `syntax = "proto3"; package seldon.protos;
message SeldonMessageList { repeated SeldonMessage seldonMessages = 1; }`;
for (const source of [tensorProto, seldonProto, list]) {
  protobuf.parse(source, root, { keepCase: true });
}

export const encodeSeldon = (message: object, type = 'SeldonMessage'): Buffer => {
  const found = root.lookupType(`seldon.protos.${type}`);
  return Buffer.from(found.encode(found.fromObject(message)).finish());
};

/** What is not set is left out. */
export const decodeSeldon = (bytes: Uint8Array | undefined, type = 'SeldonMessage') => {
  const found = root.lookupType(`seldon.protos.${type}`);
  return found.toObject(found.decode(bytes ?? Buffer.from('none')), { enums: String });
};

/** A value of google.protobuf.Value. */
export const valueOfText = (text: string): object => ({ stringValue: text });

/** `data.ndarray` of one row. */
export const rowOf = (...numbers: number[]): object => ({
  data: {
    ndarray: {
      values: [{ listValue: { values: numbers.map((numberValue) => ({ numberValue })) } }],
    },
  },
});
