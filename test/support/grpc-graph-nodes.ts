/**
 * Nodes of an inference graph over gRPC: @grpc/grpc-js on real sockets, which offer the services of
 * Seldon's wrapper and of the other protocols, and the ENGINE_PREDICTOR of a graph made of them.
 *
 *     const nodes = useGrpcGraphNodes();
 *     const engine = await nodes.engine({ name: 'ab', type: 'ROUTER', children: [{ name: 'a' }, …] });
 *     nodes.answer.ab = () => encodeSeldon(rowOf(1));
 *     nodes.calls                      // ['ab/Router/Route', 'b/Model/Predict']
 *
 * A node answers what came unless told otherwise; a router 0, a combiner the first of its list.
 */

import type { Buffer } from 'node:buffer';
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { afterAll, afterEach } from 'vitest';
import { encodeEngine, type GraphSpec } from './graph-nodes.ts';
import { decodeSeldon, encodeSeldon, rowOf } from './seldon-protobuf.ts';

export interface GrpcNodeRequest {
  readonly node: string;
  readonly path: string;
  readonly metadata: Metadata;
  readonly message: Buffer;
}

/** A message, or a status; a promise for slow ones. */
type Answered = Buffer | Partial<ServiceError>;
export type AnswerAs = (request: GrpcNodeRequest) => Answered | Promise<Answered>;

export interface GrpcGraphNodes {
  /** `<node>/<service>/<method>` without its package, in the order of arrival. */
  readonly calls: string[];
  readonly requests: GrpcNodeRequest[];
  /** How a node answers, by its name; put back after each test. */
  readonly answer: Record<string, AnswerAs>;
  /** Starts the nodes that are not there yet; @returns ENGINE_PREDICTOR */
  readonly engine: (graph: GraphSpec, more?: object) => Promise<string>;
  readonly port: (node: string) => number;
  readonly stop: (node: string) => void;
}

const paths = [
  '/seldon.protos.Model/Predict',
  '/seldon.protos.Model/SendFeedback',
  '/seldon.protos.Model/Metadata',
  '/seldon.protos.Seldon/ModelMetadata',
  '/seldon.protos.Transformer/TransformInput',
  '/seldon.protos.OutputTransformer/TransformOutput',
  '/seldon.protos.Router/Route',
  '/seldon.protos.Combiner/Aggregate',
  '/tensorflow.serving.PredictionService/Predict',
  '/tensorflow.serving.PredictionService/Classify',
  '/tensorflow.serving.PredictionService/GetModelMetadata',
  '/tensorflow.serving.ModelService/GetModelStatus',
  '/grpc.health.v1.Health/Check',
  ...['ModelInfer', 'ModelReady', 'ModelMetadata', 'ServerMetadata'].map(
    (name) => `/inference.GRPCInferenceService/${name}`,
  ),
];

const bytes = (message: Buffer): Buffer => message;
const builtIns = ['SIMPLE_MODEL', 'SIMPLE_ROUTER', 'RANDOM_ABTEST', 'AVERAGE_COMBINER'];

const byDefault: AnswerAs = ({ path, message }) => {
  if (path.endsWith('/Route')) return encodeSeldon(rowOf(0));
  if (!path.endsWith('/Aggregate')) return message;
  return encodeSeldon(decodeSeldon(message, 'SeldonMessageList')['seldonMessages'][0]);
};

export function useGrpcGraphNodes(): GrpcGraphNodes {
  const servers = new Map<string, { readonly server: Server; readonly port: number }>();
  const calls: string[] = [];
  const requests: GrpcNodeRequest[] = [];
  const answer: Record<string, AnswerAs> = {};

  const start = async (node: string): Promise<void> => {
    if (servers.has(node)) return;
    const server = new Server();
    for (const path of paths) {
      const serve = async (
        call: ServerUnaryCall<Buffer, Buffer>,
        reply: sendUnaryData<Buffer>,
      ): Promise<void> => {
        // The readiness probe, which belongs to no request: a server without it is ready.
        if (call.metadata.get('seldon-puid').length === 0) {
          reply({ code: status.UNIMPLEMENTED, details: 'no such probe' });
          return;
        }
        const request = { node, path, metadata: call.metadata, message: call.request };
        calls.push(`${node}/${path.replace(/^.*\./, '')}`);
        requests.push(request);
        const answered = await (answer[node] ?? byDefault)(request);
        if (answered instanceof Uint8Array) reply(null, answered);
        else reply(answered);
      };
      const method = {
        path,
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      };
      server.addService({ method }, { method: serve });
    }
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    servers.set(node, { server, port });
  };

  const port = (node: string): number => servers.get(node)?.port ?? 0;

  const stop = (node: string): void => {
    servers.get(node)?.server.forceShutdown();
    servers.delete(node);
  };

  const filled = async (spec: GraphSpec): Promise<object> => {
    const isCalled = !builtIns.includes(String(spec['implementation'] ?? ''));
    if (isCalled) await start(spec.name);
    const endpoint = { service_host: '127.0.0.1', service_port: port(spec.name), type: 'GRPC' };
    return {
      ...spec,
      ...(isCalled && { endpoint }),
      children: await Promise.all((spec.children ?? []).map(filled)),
    };
  };

  afterEach(() => {
    calls.length = 0;
    requests.length = 0;
    for (const name of Object.keys(answer)) delete answer[name];
  });
  afterAll(() => {
    for (const node of [...servers.keys()]) stop(node);
  });

  return {
    calls,
    requests,
    answer,
    engine: async (graph, more = {}) => encodeEngine({ ...more, graph: await filled(graph) }),
    port,
    stop,
  };
}
