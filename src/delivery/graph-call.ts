/**
 * A whole graph in the place of one predictor: the same call, answered by a walk over its nodes.
 *
 * G1 Each node is called within the request's own deadline, with the request's headers.
 * G2 What a node answered wrongly comes back as its answer, with the node's name and address, so
 *    that every edge can tell it as it tells a single predictor's.
 */

import { AdapterError } from '../errors.ts';
import type { Feedback } from '../graph/feedback.ts';
import type { Message, NodeAnswer, Unit } from '../graph/message.ts';
import { jsonType, whereOf } from '../graph/message.ts';
import type { GraphNode } from '../graph/node.ts';
import { callPath } from '../graph/node-path.ts';
import type { PayloadKind } from '../graph/payload-copy.ts';
import type { CallNode, Failed, NodeCall, Walk } from '../graph/walk.ts';
import { faultOfAnswer } from '../inference/classify-answer.ts';
import type { Protocol, ProtocolName } from '../inference/protocol.ts';
import type { CallWithinDeadline, DeadlineCall } from './call-within-deadline.ts';
import type { PredictionAnswer } from './ports.ts';

/** What all calls of nodes for one request share. */
export interface GraphRequest {
  /** Alternating names and values, without those that describe a body. */
  readonly headers: readonly string[];
  readonly deadline: number;
  /** Empty where the caller sent none. */
  readonly puid: string;
}

/** Calls a node at its own service. */
export type CallService = (node: GraphNode, call: DeadlineCall) => Promise<PredictionAnswer>;

/**
 * Takes a copy of a payload for whoever logs it, at once and without fail.
 * `protoName` is the full name of the protobuf that it is, where that is not what its kind says.
 */
export type LogPayload = (
  kind: PayloadKind,
  node: GraphNode,
  message: Message,
  request: GraphRequest,
  protoName?: string,
) => void;

/** Of the body that the caller sent, or of how it takes an answer: not of what nodes exchange. */
const notShared = new Set([
  'content-type',
  'content-encoding',
  'accept-encoding',
  'content-length',
]);

export interface GraphCallOptions {
  readonly protocol: Protocol;
  readonly root: Unit;
}

/** Makes the call of a graph; `path` names the node to begin at, where the protocol's paths do. */
export function createGraphCall(
  { protocol, root }: GraphCallOptions,
  walk: Walk<GraphRequest>,
): CallWithinDeadline {
  const units = new Map(unitsOf(root).map((unit) => [unit.node.name, unit]));

  const unitFor = (path: string): Unit => {
    const name = protocol.modelOfPath(path);
    if (typeof name !== 'string') return root;
    const unit = units.get(name);
    if (unit !== undefined) return unit;
    throw new AdapterError(
      'ROUTE_UNKNOWN',
      `the graph has no node "${name}"; name one of ${[...units.keys()].join(', ')}, or none`,
    );
  };

  return async (call) => {
    const { message, request } = requestOf(call);
    const puid = request.puid === '' ? undefined : JSON.stringify(request.puid);
    return answerOf(await walk(unitFor(call.path), message, request, puid), request);
  };
}

/** Makes the call that takes feedback to a graph's nodes. */
export function createFeedbackCall(
  root: Unit,
  feedback: Feedback<GraphRequest>,
): CallWithinDeadline {
  return async (call) => {
    const { message, request } = requestOf(call);
    return answerOf(await feedback(root, message, request), request);
  };
}

function answerOf(end: Message | Failed, { puid }: GraphRequest): PredictionAnswer {
  if ('failed' in end) return end.failed;
  return {
    status: 200,
    contentType: end.contentType,
    contentEncoding: end.contentEncoding,
    puid: puid === '' ? undefined : puid,
    retryAfterMs: undefined,
    body: end.body,
  };
}

const unitsOf = (unit: Unit): Unit[] => [unit, ...unit.children.flatMap(unitsOf)];

/** The body of a call, and what its nodes are to be told beside theirs. */
export function requestOf(call: DeadlineCall): {
  readonly message: Message;
  readonly request: GraphRequest;
} {
  const headers: string[] = [];
  const own = new Map<string, string>();
  for (let i = 0; i + 1 < call.headers.length; i += 2) {
    const [name = '', value = ''] = call.headers.slice(i, i + 2);
    if (notShared.has(name)) own.set(name, value);
    else headers.push(name, value);
  }
  const message = {
    body: call.body,
    contentType: own.get('content-type'),
    contentEncoding: own.get('content-encoding'),
  };
  const puidAt = headers.findIndex((name, i) => i % 2 === 0 && name === 'seldon-puid');
  const puid = puidAt < 0 ? '' : (headers[puidAt + 1] ?? '');
  return { message, request: { headers, deadline: call.deadline, puid } };
}

/** Calls nodes by their paths, and tells an answer that can go on from one that cannot. */
export function createCallNode(
  protocol: ProtocolName,
  service: CallService,
  copy?: LogPayload,
): CallNode<GraphRequest> {
  return async ({ node, call, message, shown, request }: NodeCall<GraphRequest>) => {
    const isCopied = copy !== undefined && call !== 'route' && call !== 'send-feedback';
    if (isCopied) copy('request', node, shown ?? message, request);
    const path = callPath(protocol, call, node);
    const answer = await service(node, {
      path,
      headers: headersFor(message, request),
      body: message.body,
      deadline: request.deadline,
    });
    const result = messageOf(answer, node, path);
    if (isCopied && !('failed' in result)) copy('response', node, result, request);
    return result;
  };
}

function headersFor(message: Message, { headers }: GraphRequest): string[] {
  const type = ['content-type', message.contentType ?? jsonType];
  const { contentEncoding } = message;
  const encoding = contentEncoding === undefined ? [] : ['content-encoding', contentEncoding];
  return [...type, ...encoding, ...headers];
}

function messageOf(answer: NodeAnswer, node: GraphNode, path: string): Message | Failed {
  const { status, body, contentType } = answer;
  const where = `${whereOf(node)} at ${path}`;
  const isSuccess = status >= 200 && status < 300;
  // A protobuf may be empty: its defaults are not written.
  const isJson = node.endpoint?.transport !== 'grpc';
  const fault = isSuccess && isJson ? faultOfAnswer(answer, where) : undefined;
  // A success without a usable body is no answer that anybody could be shown.
  if (fault !== undefined) throw fault;
  if (!isSuccess) return { failed: { ...answer, where } };
  return { body, contentType, contentEncoding: undefined };
}
