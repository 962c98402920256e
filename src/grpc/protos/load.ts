/** The layouts of what is served, as the libraries want them. Nothing on the hot path reads them. */

import { fromJSON, type PackageDefinition } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import type { ProtocolName } from '../../inference/protocol.ts';
import { seldonProto } from '../../inference/seldon/proto.ts';
import { tensorflowProto } from '../../inference/tensorflow/proto.ts';
import { tensorProto } from '../../inference/tensorflow/tensor-proto.ts';
import { v2Proto } from '../../inference/v2/proto.ts';
import { healthProto } from './health.ts';

const sources: Readonly<Record<ProtocolName, readonly string[]>> = {
  seldon: [tensorProto, seldonProto],
  tensorflow: [tensorProto, tensorflowProto],
  v2: [v2Proto],
};
const common = ['any', 'struct', 'wrappers', 'empty'].map(
  (name) => `google/protobuf/${name}.proto`,
);

/** The services of a protocol, and health. */
export function loadProtos(protocol: ProtocolName): PackageDefinition {
  const root = new protobuf.Root();
  if (protocol !== 'v2') {
    for (const name of common) root.addJSON(protobuf.common.get(name)?.nested ?? {});
  }
  for (const source of [...sources[protocol], healthProto]) {
    protobuf.parse(source, root, { keepCase: true });
  }
  return fromJSON(root.toJSON(), { keepCase: true, longs: Number, enums: String });
}
