/**
 * The gRPC server: the services of the protocol, passed on as bytes, and health and reflection. Every limit is set;
 * it is closed gently, and then by force.
 */

import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import type { GrpcBinding, ServedMethod } from '../inference/grpc-binding.ts';
import type { ProtocolName } from '../inference/protocol.ts';
import { type AnswerCallDeps, createAnswerCall } from './answer-call.ts';
import { addHealth } from './health.ts';
import { createReceiveInterceptor } from './receive.ts';
import { addReflection } from './reflection.ts';
import { addUnary, type ServeUnary } from './unary.ts';

export interface GrpcServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly binding: GrpcBinding;
  /** What the protocols that are not ours would be called by: told which is. */
  readonly foreign: readonly GrpcBinding[];
  readonly protocol: ProtocolName;
  /** How the predictor is called; what speaks REST cannot answer from here. */
  readonly transport: 'rest' | 'grpc';
  /** Whether it is a graph of several nodes, which predicts, and is not asked for anything else. */
  readonly isGraph: boolean;
  readonly maxBodyBytes: number;
  /** Calls that may be under way on one connection. */
  readonly maxStreams: number;
  readonly requestTimeoutMs: number;
  readonly predictorUrl: string;
}

export interface GrpcServerDeps extends AnswerCallDeps {
  /** Takes a seldon.protos.Feedback where it belongs, and answers a SeldonMessage. */
  readonly feedback: CallWithinDeadline;
  /** Asks a graph's nodes, or about a graph; undefined where the predictor is called over REST. */
  readonly askGraph: CallWithinDeadline | undefined;
  readonly ready: () => boolean;
}

export interface GrpcServer {
  readonly port: number;
  /** Lets calls under way end, for so long; then ends them. */
  readonly close: (timeoutMs: number) => Promise<void>;
}

const keepAliveMs = 60_000;
const keepAliveTimeoutMs = 20_000;

/** Listens. @throws Error with the code of the system, such as EADDRINUSE */
export async function startGrpcServer(
  options: GrpcServerOptions,
  deps: GrpcServerDeps,
): Promise<GrpcServer> {
  const { maxBodyBytes, requestTimeoutMs } = options;
  const server = new Server({
    'grpc.max_receive_message_length': maxBodyBytes,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': options.maxStreams,
    'grpc.keepalive_time_ms': keepAliveMs,
    'grpc.keepalive_timeout_ms': keepAliveTimeoutMs,
    'grpc.enable_channelz': 0,
    interceptors: [createReceiveInterceptor({ maxBodyBytes, receiveTimeoutMs: requestTimeoutMs })],
  });
  addServices(server, options, deps);
  addReflection(server, options.protocol);
  const port = await bind(server, options);
  return { port, close: (timeoutMs) => shutDown(server, timeoutMs) };
}

function addServices(server: Server, options: GrpcServerOptions, deps: GrpcServerDeps): void {
  const { binding, protocol } = options;
  const services = new Set(binding.served.map(({ path }) => path.split('/')[1] ?? ''));
  for (const method of binding.served) addUnary(server, method.path, serve(method, options, deps));
  for (const { path } of options.foreign.flatMap(({ served }) => served)) {
    addUnary(server, path, unimplemented(otherProtocol(path, protocol, [...services])));
  }
  // Whatever the predictor's transport: feedback has a form for both.
  const feedbackDeps = { ...deps, call: deps.feedback };
  for (const path of ['/seldon.protos.Seldon/SendFeedback', '/seldon.protos.Model/SendFeedback']) {
    const told =
      protocol === 'seldon'
        ? createAnswerCall(path, '', options, feedbackDeps)
        : unimplemented(otherProtocol(path, protocol, [...services]));
    addUnary(server, path, told);
  }
  addHealth(server, { services, ready: deps.ready });
}

function serve(
  { path, target, about }: ServedMethod,
  options: GrpcServerOptions,
  deps: GrpcServerDeps,
): ServeUnary {
  const { binding, isGraph, predictorUrl } = options;
  if (options.transport === 'rest') return unimplemented(restPredictor(predictorUrl));
  const asksGraph = about === 'graph' || (isGraph && about !== undefined);
  if (asksGraph && deps.askGraph !== undefined) {
    return createAnswerCall(path, target, options, { ...deps, call: deps.askGraph });
  }
  const predicts = binding.methods.some((method) => method.path === target);
  if (isGraph && !predicts) return unimplemented(graphOnly(path, binding.methods));
  return createAnswerCall(path, target, options, deps);
}

const unimplemented =
  (details: string): ServeUnary =>
  (_call, reply) =>
    reply({ code: status.UNIMPLEMENTED, details });

const restPredictor = (predictorUrl: string): string =>
  `the predictor ${predictorUrl} is called over REST, and messages are not translated; call the HTTP port, or give the adapter a predictor over gRPC (PREDICTOR_URL=grpc://…)`;

const graphOnly = (path: string, methods: GrpcBinding['methods']): string =>
  `${path} is of one model, and several are served here as a graph; call ${methods.map((method) => method.path).join(' or ')}`;

const otherProtocol = (path: string, protocol: string, services: readonly string[]): string =>
  `${path} is not of the ${protocol} protocol, which is served here; call ${services.join(' or ')}, or set SELDON_PROTOCOL`;

function bind(server: Server, { host, port }: GrpcServerOptions): Promise<number> {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
}

function shutDown(server: Server, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), timeoutMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
