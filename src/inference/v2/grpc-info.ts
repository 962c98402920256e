/** Status and metadata of the v2 protocol, asked over gRPC; the answers are those of its REST protocol. */

import protobuf from 'protobufjs';
import { type GrpcInfo, type GrpcQuestion, noQuestion, segmentOf } from '../grpc-info.ts';
import { bytesField, firstField } from '../protobuf.ts';
import { v2Proto } from './proto.ts';

const { root } = protobuf.parse(v2Proto, { keepCase: true });
const service = '/inference.GRPCInferenceService';
const plain = { defaults: true, longs: Number };

/** @param message what the method is asked with */
const described = (method: string, message: Uint8Array): GrpcQuestion => ({
  path: `${service}/${method}`,
  message,
  read: (answer) => {
    const type = root.lookupType(`inference.${method}Response`);
    return { status: 200, json: type.toObject(type.decode(answer), plain) };
  },
});

const readiness = (name: string, message: Uint8Array): GrpcQuestion => ({
  path: `${service}/ModelReady`,
  message,
  read: (answer) => {
    // ModelReadyResponse { bool ready = 1 }
    const ready = firstField(answer, 1) === 1;
    return { status: ready ? 200 : 503, json: { name, ready } };
  },
});

const modelPath = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(\/ready)?$/;

export const v2Info: GrpcInfo = {
  paths: ['ServerMetadata', 'ModelMetadata', 'ModelReady'].map((name) => `${service}/${name}`),
  questionOf: (restPath) => {
    if (restPath === '/v2') return described('ServerMetadata', new Uint8Array());
    const match = modelPath.exec(restPath);
    if (match === null) throw noQuestion(restPath);
    const [name, version] = [segmentOf(match[1]), segmentOf(match[2])];
    // ModelReadyRequest and ModelMetadataRequest { string name = 1; string version = 2 }
    const message = Buffer.concat([bytesField(1, name), bytesField(2, version)]);
    return match[3] === undefined ? described('ModelMetadata', message) : readiness(name, message);
  },
};
