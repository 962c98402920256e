/**
 * Takes feedback on a prediction to the nodes that made it, as Seldon's executor does: down the path
 * that `response.meta.routing` tells, children before their parent, to every node that takes
 * feedback, its bytes untouched.
 *
 * F1 Where a node's routing is not told, or is −1, all its children are on the path; none at −2.
 * F2 Children are told in parallel and are all waited for; the lowest index's error is told.
 * F3 Only nodes of the seldon protocol can be told; in the others feedback is counted and logged.
 */

import { Buffer } from 'node:buffer';
import { AdapterError } from '../errors.ts';
import { asBuffer } from '../event/utf8.ts';
import type { ProtocolName } from '../inference/protocol.ts';
import { jsonType, type Message, type Unit } from './message.ts';
import type { GraphNode } from './node.ts';
import { allChildren, noChild } from './route.ts';
import type { CallNode, Failed } from './walk.ts';

export interface FeedbackDeps<Request> {
  readonly callNode: CallNode<Request>;
  /** A node on the path was rewarded. */
  readonly rewarded: (node: GraphNode, reward: number) => void;
  /** A node is on the path: for the payload log. */
  readonly passed?: (node: GraphNode, message: Message, request: Request) => void;
}

/** @throws AdapterError REQUEST_MALFORMED where it is no feedback on an answer of this graph */
export type Feedback<Request> = (
  root: Unit,
  message: Message,
  request: Request,
) => Promise<Message | Failed>;

/** What feedback says to us; all else in it is for the nodes. */
export interface Told {
  readonly reward: number;
  readonly routing: Readonly<Record<string, unknown>>;
}

/** How feedback is written. */
export interface FeedbackForm {
  /** @throws AdapterError REQUEST_MALFORMED */
  readonly read: (body: Uint8Array) => Told;
  /** The answer where no node had one to give. */
  readonly taken: Message;
}

const jsonFeedback: FeedbackForm = {
  read: toldBy,
  taken: {
    body: Buffer.from('{"status":{"status":"SUCCESS"}}'),
    contentType: jsonType,
    contentEncoding: undefined,
  },
};

/** Makes the walk of feedback over a graph. */
export function createFeedback<Request>(
  protocol: ProtocolName,
  deps: FeedbackDeps<Request>,
  form = jsonFeedback,
): Feedback<Request> {
  const { taken } = form;
  const tell = async (unit: Unit, message: Message, request: Request, { reward }: Told) => {
    const { node, steps } = unit;
    if (!steps.feedback) return undefined;
    const call = { node, call: 'send-feedback', message, request } as const;
    const result = protocol === 'seldon' ? await deps.callNode(call) : taken;
    if (!('failed' in result)) deps.rewarded(node, reward);
    return result;
  };

  const visit = async (
    unit: Unit,
    message: Message,
    request: Request,
    told: Told,
  ): Promise<Message | Failed | undefined> => {
    deps.passed?.(unit.node, message, request);
    const visits = onPath(unit, told).map((child) => visit(child, message, request, told));
    let below: Message | undefined;
    for (const settled of await Promise.allSettled(visits)) {
      if (settled.status === 'rejected') throw settled.reason;
      if (settled.value !== undefined && 'failed' in settled.value) return settled.value;
      below ??= settled.value;
    }
    return (await tell(unit, message, request, told)) ?? below;
  };

  return async (root, message, request) =>
    answerOr(await visit(root, message, request, form.read(message.body)), taken);
}

/** A protobuf of nothing but defaults has no bytes, and an answer should have some. */
const answerOr = (end: Message | Failed | undefined, taken: Message): Message | Failed =>
  end === undefined || ('body' in end && end.body.byteLength === 0) ? taken : end;

function onPath({ node, children }: Unit, { routing }: Told): readonly Unit[] {
  if (children.length === 0 || !Object.hasOwn(routing, node.name)) return children;
  const index = routing[node.name];
  if (index === allChildren) return children;
  if (index === noChild) return [];
  const child = typeof index === 'number' ? children[index] : undefined;
  if (child !== undefined) return [child];
  throw malformed(
    `response.meta.routing says that "${node.name}" chose child ${shown(index)}, but it has ${children.length} children; send the response as it was answered`,
  );
}

/** A routing is a number; what stands there instead may be of any size. */
const shown = (index: unknown): string =>
  typeof index === 'object' && index !== null ? '{…}' : JSON.stringify(index).slice(0, 40);

function toldBy(body: Uint8Array): Told {
  const feedback = objectOf(parsed(body));
  if (feedback === undefined) {
    throw malformed('feedback is a JSON object of request, response, truth and reward; send one');
  }
  const { reward = 0 } = feedback;
  if (typeof reward !== 'number') throw malformed('reward is no number; send one, or none');
  const meta = objectOf(objectOf(feedback['response'])?.['meta']);
  return { reward, routing: objectOf(meta?.['routing']) ?? {} };
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(asBuffer(body).toString('utf8'));
  } catch {
    return undefined;
  }
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;

export const malformed = (message: string): AdapterError =>
  new AdapterError('REQUEST_MALFORMED', message);
