/** The gRPC server: the services of the protocol, passed on as bytes, and health and reflection. */

import type { AdmitCaller } from '../delivery/admit-caller.ts';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import type { GrpcBinding, ServedMethod } from '../inference/grpc-binding.ts';
import { grpcCode } from '../inference/grpc-status.ts';
import type { ProtocolName } from '../inference/protocol.ts';
import { type AnswerCallDeps, createAnswerCall } from './answer-call.ts';
import { guardCalls } from './guard.ts';
import { healthMethods } from './health.ts';
import { type GrpcCertificate, type GrpcServer, type ListenOptions, listen } from './listen.ts';
import type { AnswerMessage, Methods, ServeUnary } from './method.ts';
import { createSweep } from './sweep.ts';
import { createTakeCall } from './take-call.ts';

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
  readonly certificate?: GrpcCertificate | undefined;
}

export interface GrpcServerDeps extends AnswerCallDeps {
  /** Takes a seldon.protos.Feedback where it belongs, and answers a SeldonMessage. */
  readonly feedback: CallWithinDeadline;
  /** Asks a graph's nodes, or about a graph; undefined where the predictor is called over REST. */
  readonly askGraph: CallWithinDeadline | undefined;
  readonly ready: () => boolean;
  readonly bound?: ListenOptions['bound'];
  /** Undefined: no token is asked for. */
  readonly admit?: AdmitCaller | undefined;
  /** Puts a span around each call of a method; undefined where nothing is traced. */
  readonly traced?: ((path: string, serve: ServeUnary) => ServeUnary) | undefined;
}

/** Listens. @throws Error with the code of the system, such as EADDRINUSE */
export async function startGrpcServer(
  options: GrpcServerOptions,
  deps: GrpcServerDeps,
): Promise<GrpcServer> {
  const methods: Methods = {
    unary: unaryMethods(options, deps),
    streaming: reflectionMethods(options.protocol),
  };
  const take = createTakeCall(methods, options, { now: deps.now, sweep: createSweep(deps.now) });
  const { admit, log, served } = deps;
  const guarded = admit === undefined ? take : guardCalls(take, methods, { admit, log, served });
  return listen({ ...options, bound: deps.bound }, guarded);
}

function unaryMethods(
  options: GrpcServerOptions,
  deps: GrpcServerDeps,
): ReadonlyMap<string, ServeUnary> {
  const { binding, protocol } = options;
  const services = new Set(binding.served.map(({ path }) => path.split('/')[1] ?? ''));
  const foreign = (path: string): ServeUnary =>
    unimplemented(otherProtocol(path, protocol, [...services]));
  // Whatever the predictor's transport: feedback has a form for both.
  const feedbackDeps = { ...deps, call: deps.feedback };
  const feedback = (path: string): ServeUnary =>
    protocol === 'seldon' ? createAnswerCall(path, '', options, feedbackDeps) : foreign(path);
  const traced = deps.traced ?? ((_path: string, serves: ServeUnary) => serves);
  return new Map([
    ...binding.served.map(
      (method) => [method.path, traced(method.path, serve(method, options, deps))] as const,
    ),
    ...options.foreign
      .flatMap(({ served }) => served)
      .map(({ path }) => [path, foreign(path)] as const),
    ...['/seldon.protos.Seldon/SendFeedback', '/seldon.protos.Model/SendFeedback'].map(
      (path) => [path, traced(path, feedback(path))] as const,
    ),
    ...healthMethods({ services, ready: deps.ready }),
  ]);
}

/** Asked for by few: the library and the layouts that it needs take memory. */
function reflectionMethods(
  protocol: ProtocolName,
): ReadonlyMap<string, () => Promise<AnswerMessage>> {
  let opening: Promise<ReadonlyMap<string, AnswerMessage>> | undefined;
  const open = async (path: string): Promise<AnswerMessage> => {
    opening ??= import('./reflection.ts').then(({ openReflection }) => openReflection(protocol));
    const answer = (await opening).get(path);
    if (answer === undefined) throw new Error(`the library does not answer ${path}`);
    return answer;
  };
  return new Map(
    ['v1', 'v1alpha']
      .map((version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`)
      .map((path) => [path, () => open(path)] as const),
  );
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

const unimplemented = (details: string): ServeUnary => {
  const told = { code: grpcCode('UNIMPLEMENTED'), details };
  return (call) => call.refuse(told);
};

const restPredictor = (predictorUrl: string): string =>
  `the predictor ${predictorUrl} is called over REST, and messages are not translated; call the HTTP port, or give the adapter a predictor over gRPC (PREDICTOR_URL=grpc://…)`;

const graphOnly = (path: string, methods: GrpcBinding['methods']): string =>
  `${path} is of one model, and several are served here as a graph; call ${methods.map((method) => method.path).join(' or ')}`;

const otherProtocol = (path: string, protocol: string, services: readonly string[]): string =>
  `${path} is not of the ${protocol} protocol, which is served here; call ${services.join(' or ')}, or set SELDON_PROTOCOL`;
