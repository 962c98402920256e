/**
 * A predictor over gRPC on a real socket: @grpc/grpc-js, messages as bytes. It keeps every call as
 * it came, and answers as a test says.
 */

import { Buffer } from 'node:buffer';
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, onTestFinished } from 'vitest';

export interface GrpcCall {
  readonly path: string;
  readonly metadata: Metadata;
  readonly message: Buffer;
  /** When the caller gives up, in ms since the epoch. */
  readonly deadline: number;
}

export type AnswerGrpc = (
  call: GrpcCall,
  reply: sendUnaryData<Buffer>,
  raw: ServerUnaryCall<Buffer, Buffer>,
) => void;

export const predictMethods = {
  seldon: '/seldon.protos.Model/Predict',
  seldonService: '/seldon.protos.Seldon/Predict',
  tensorflow: '/tensorflow.serving.PredictionService/Predict',
  v2: '/inference.GRPCInferenceService/ModelInfer',
} as const;

/** What it answers by default: bytes that are no UTF-8. */
export const grpcAnswer = Buffer.from([0x0a, 0x03, 0xff, 0x00, 0xfe]);

export interface GrpcPredictor {
  readonly port: number;
  /** `grpc://127.0.0.1:<port>`. */
  readonly url: string;
  /** Predictions only. */
  readonly calls: GrpcCall[];
  /** Set it to answer otherwise; it is put back after each test. */
  answer: AnswerGrpc;
  /** Answers of other methods by their path; what is not there is UNIMPLEMENTED. */
  readonly others: Record<string, AnswerGrpc>;
  readonly start: (port?: number) => Promise<void>;
  /** Ends every connection. */
  readonly stop: () => void;
}

export interface GrpcPredictorOptions {
  readonly credentials?: ServerCredentials;
  readonly server?: ServerOptions;
}

const identity = (bytes: Buffer): Buffer => bytes;

const methodOf = (path: string): ServiceDefinition[string] => ({
  path,
  requestStream: false,
  responseStream: false,
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
});

/** Other methods that a test may answer. */
const otherPaths = [
  '/grpc.health.v1.Health/Check',
  '/tensorflow.serving.ModelService/GetModelStatus',
  '/tensorflow.serving.PredictionService/GetModelMetadata',
  '/seldon.protos.Model/SendFeedback',
  '/seldon.protos.Seldon/SendFeedback',
  ...['ServerLive', 'ServerReady', 'ModelReady', 'ServerMetadata', 'ModelMetadata'].map(
    (name) => `/inference.GRPCInferenceService/${name}`,
  ),
];

const byDefault: AnswerGrpc = (_call, reply) => reply(null, grpcAnswer);

export function createGrpcPredictor(options: GrpcPredictorOptions = {}): GrpcPredictor {
  let server: Server | undefined;
  let port = 0;
  const build = (): Server => {
    const made = new Server({ 'grpc.max_receive_message_length': -1, ...options.server });
    const add = (path: string, serve: AnswerGrpc): void =>
      made.addService(
        { method: methodOf(path) },
        {
          method: (raw: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
            const { metadata, request } = raw;
            serve(
              { path, metadata, message: request, deadline: Number(raw.getDeadline()) },
              reply,
              raw,
            );
          },
        },
      );
    for (const path of Object.values(predictMethods)) {
      add(path, (call, reply, raw) => {
        predictor.calls.push(call);
        predictor.answer(call, reply, raw);
      });
    }
    for (const path of otherPaths) {
      add(path, (call, reply, raw) => {
        const answer = predictor.others[path];
        if (answer === undefined) reply({ code: status.UNIMPLEMENTED, details: 'not here' });
        else answer(call, reply, raw);
      });
    }
    return made;
  };
  const predictor: GrpcPredictor = {
    get port() {
      return port;
    },
    get url() {
      return `grpc://127.0.0.1:${port}`;
    },
    calls: [],
    answer: byDefault,
    others: {},
    start: (wanted = 0) =>
      new Promise((resolve, reject) => {
        server = build();
        const credentials = options.credentials ?? ServerCredentials.createInsecure();
        server.bindAsync(`127.0.0.1:${wanted}`, credentials, (error, bound) => {
          port = bound;
          if (error === null) resolve();
          else reject(error);
        });
      }),
    stop: () => server?.forceShutdown(),
  };
  return predictor;
}

/** One predictor for all tests of the file or `describe`; calls and answers are forgotten after each. */
export function useGrpcPredictor(options: GrpcPredictorOptions = {}): GrpcPredictor {
  const predictor = createGrpcPredictor(options);
  beforeAll(() => predictor.start());
  afterEach(() => {
    predictor.calls.length = 0;
    predictor.answer = byDefault;
    for (const path of Object.keys(predictor.others)) delete predictor.others[path];
  });
  afterAll(() => predictor.stop());
  return predictor;
}

/** One predictor for the running test. */
export async function openGrpcPredictor(
  options: GrpcPredictorOptions = {},
): Promise<GrpcPredictor> {
  const predictor = createGrpcPredictor(options);
  await predictor.start();
  onTestFinished(() => predictor.stop());
  return predictor;
}
