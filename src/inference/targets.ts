/**
 * What a payload is called by: the path or method that predicts on it, or why it cannot be sent.
 *
 * T1 Payloads are not looked into: content type and `proto-name` say what they are.
 * T2 A refusal says what to send instead.
 */

import { AdapterError } from '../errors.ts';
import type { GrpcBinding, GrpcMethod } from './grpc-binding.ts';
import type { Protocol } from './protocol.ts';
import { seldonFeedback } from './seldon/grpc.ts';

/** What is known of a payload without reading it. */
export interface PayloadKind {
  readonly contentType: string | undefined;
  /** Full name of the protobuf message, where one was given. */
  readonly protoName?: string | undefined;
  /** The model that the route names, where it names one. */
  readonly model: string | undefined;
}

export interface Target {
  /** Below the predictor's base address. */
  readonly path: string;
  readonly contentType: string;
  /** Full name of the protobuf message that answers; undefined where the answer is none. */
  readonly replyName: string | undefined;
  /**
   * Whether the payload itself names a model other than the configured one, so that "not found" is
   * its own fault. Only where paths do not name the model.
   */
  readonly namesOtherModel?: ((payload: Uint8Array) => boolean) | undefined;
}

/** @throws AdapterError PAYLOAD_UNSUPPORTED */
export type TargetOf = (payload: PayloadKind) => Target;

const jsonType = 'application/json';
/** What a protobuf is sent as where nobody said it. */
const protobufType = 'application/x-protobuf';
const protobufTypes = /^application\/(?:x-protobuf|protobuf|grpc\+proto)[ \t]*(?:;|$)/i;
/** Bytes of which nothing is said. */
const octets = /^application\/octet-stream[ \t]*(?:;|$)/i;

/** Over REST: everything that is no protobuf. */
export function restTargets(protocol: Protocol, model: string | undefined): TargetOf {
  return (payload) => {
    const { contentType = jsonType, protoName } = payload;
    if (protoName !== undefined || (contentType !== jsonType && protobufTypes.test(contentType))) {
      const what = protoName === undefined ? contentType : `a ${quoted(protoName)}`;
      throw new AdapterError(
        'PAYLOAD_UNSUPPORTED',
        `the payload is a protobuf (${what}), but the predictor is called over REST; send the ${protocol.name} protocol's JSON as application/json, without proto-name`,
      );
    }
    return {
      path: protocol.predictionPath(payload.model ?? model),
      contentType,
      replyName: undefined,
    };
  };
}

/** Over gRPC: protobufs whose name is one of the binding's. */
export function grpcTargets(
  protocol: Protocol,
  binding: GrpcBinding,
  model: string | undefined,
): TargetOf {
  const namesOtherModel = (payload: Uint8Array): boolean => {
    const named = binding.modelOf(payload);
    return model !== undefined && named !== undefined && named !== model;
  };
  return namedTargets(binding.methods, `by the ${protocol.name} protocol`, namesOtherModel);
}

/** Over gRPC, of feedback; where the protocol has no call for it, its `path` is empty. */
export const grpcFeedbackTargets = ({ feedback }: GrpcBinding): TargetOf =>
  namedTargets([feedback ?? { ...seldonFeedback, path: '' }], 'and this is feedback');

/** @param called for messages: how, after "the predictor is called over gRPC" */
function namedTargets(
  methods: readonly GrpcMethod[],
  called: string,
  namesOtherModel?: Target['namesOtherModel'],
): TargetOf {
  const expected = methods.map(({ request }) => request).join(' or ');
  const refusal = (fault: string): AdapterError =>
    new AdapterError(
      'PAYLOAD_UNSUPPORTED',
      `${fault}, but the predictor is called over gRPC ${called}; send the bytes of a ${expected} as ${protobufType}, and its name as header proto-name or as extension protoname`,
    );
  return ({ contentType, protoName }) => {
    if (
      contentType !== undefined &&
      !protobufTypes.test(contentType) &&
      !octets.test(contentType)
    ) {
      throw refusal(`the payload's content type is ${quoted(contentType)}`);
    }
    if (protoName === undefined) throw refusal('the payload does not say which protobuf it is');
    const method = methods.find(({ request }) => request === protoName);
    if (method === undefined) throw refusal(`the payload is a ${quoted(protoName)}`);
    return {
      path: method.path,
      contentType: contentType ?? protobufType,
      replyName: method.reply,
      namesOtherModel,
    };
  };
}

/** Callers' words on one line, bounded. */
const quoted = (text: string): string => JSON.stringify(text.slice(0, 100));
