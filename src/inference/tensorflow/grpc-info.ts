/** Status and metadata of TensorFlow Serving, asked over gRPC; the answers are those of its REST API. */

import protobuf from 'protobufjs';
import { AdapterError } from '../../errors.ts';
import { type GrpcInfo, noQuestion, segmentOf } from '../grpc-info.ts';
import { tensorflowInfoProto } from './info-proto.ts';
import { tensorflowProto } from './proto.ts';
import { tensorProto } from './tensor-proto.ts';

const root = new protobuf.Root();
for (const name of ['any', 'wrappers']) {
  root.addJSON(protobuf.common.get(`google/protobuf/${name}.proto`)?.nested ?? {});
}
for (const source of [tensorProto, tensorflowProto, tensorflowInfoProto]) {
  protobuf.parse(source, root, { keepCase: true });
}
root.resolveAll();

type Fields = Readonly<Record<string, unknown>>;

const typeOf = (name: string): protobuf.Type => root.lookupType(`tensorflow.serving.${name}`);

/** As its REST API writes messages: all members by their own names, 64 bits as text. */
const plain = { defaults: true, longs: String, enums: String, bytes: String, json: true };

function plainOf(name: string, answer: Uint8Array): Fields {
  const type = typeOf(name);
  return withoutNulls(type.toObject(type.decode(answer), plain)) as Fields;
}

/** Messages that are not there, which the library has as null. */
const withoutNulls = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
};

/** Its REST API tells a version as such, and what is in an Any without its type. */
function metadataIn(answer: Uint8Array): Fields {
  const { model_spec: spec, metadata = {} } = plainOf('GetModelMetadataResponse', answer);
  const told = Object.entries(metadata as Fields).map(([name, value]) => {
    const { '@type': _type, ...content } = value as Fields;
    return [name, content] as const;
  });
  return {
    ...(spec !== undefined && { model_spec: specOf(spec as Fields) }),
    metadata: Object.fromEntries(told),
  };
}

const specOf = ({ version, ...spec }: Fields): Fields =>
  version === undefined ? spec : { ...spec, version: (version as Fields)['value'] };

const statusPath = '/tensorflow.serving.ModelService/GetModelStatus';
const metadataPath = '/tensorflow.serving.PredictionService/GetModelMetadata';
const modelPath = /^\/v1\/models\/([^/]+)(?:\/(versions|labels)\/([^/]+))?(\/metadata)?$/;

const encoded = (name: string, message: object): Uint8Array =>
  typeOf(name).encode(typeOf(name).fromObject(message)).finish();

export const tensorflowInfo: GrpcInfo = {
  paths: [statusPath, metadataPath],
  questionOf: (restPath) => {
    const match = modelPath.exec(restPath);
    if (match === null) throw noQuestion(restPath);
    const [, name, by, which, metadata] = match;
    const model_spec = { name: segmentOf(name), ...chosen(by, segmentOf(which)) };
    if (metadata === undefined) {
      return {
        path: statusPath,
        message: encoded('GetModelStatusRequest', { model_spec }),
        read: (answer) => ({ status: 200, json: plainOf('GetModelStatusResponse', answer) }),
      };
    }
    const metadata_field = ['signature_def'];
    return {
      path: metadataPath,
      message: encoded('GetModelMetadataRequest', { model_spec, metadata_field }),
      read: (answer) => ({ status: 200, json: metadataIn(answer) }),
    };
  },
};

function chosen(by: string | undefined, which: string): object {
  if (by === undefined) return {};
  if (by === 'labels') return { version_label: which };
  if (/^\d{1,18}$/.test(which)) return { version: { value: which } };
  throw new AdapterError('REQUEST_MALFORMED', 'the version in the path is no number; name one');
}
