/**
 * Walks a graph for one request, as Seldon's executor does:
 *
 *   message ─▶ before (predict, transform-input) ─▶ route ─▶ children ─▶ combine ─▶ after ─▶ answer
 *
 * W1 Each call of a node is made at most once.
 * W2 Children that are called together run in parallel and are all waited for; of several that fail,
 *    the one of the lowest index is told.
 * W3 Between nodes a message keeps its bytes (but for chains). `meta` is merged beside it and
 *    written into the last answer only: tags, later ones over earlier ones; metrics, in the order of
 *    the graph; routing, of every node with children; requestPath, of every node passed.
 */

import type { ProtocolName } from '../inference/protocol.ts';
import { ratioOf } from './check.ts';
import { jsonForm, type MessageForm } from './form.ts';
import type { Message, NodeAnswer, Unit } from './message.ts';
import { emptyMeta, joined, type Meta, newMetrics } from './meta.ts';
import type { GraphNode, PredictorGraph } from './node.ts';
import { allChildren, chosenChild, noChild } from './route.ts';
import { answeredBy, metaOfAll, type State, withNode } from './state.ts';
import { type NodeCallName, stepsOf } from './steps.ts';

/** One call of a node, on behalf of one request. */
export interface NodeCall<Request> {
  readonly node: GraphNode;
  readonly call: NodeCallName;
  readonly message: Message;
  /** What the node is shown as its input, where that is not the message: for the payload log. */
  readonly shown?: Message;
  readonly request: Request;
}

/**
 * Calls a node.
 * @returns its message; or, as `failed`, an answer that is none
 * @throws AdapterError where there is no answer
 */
export type CallNode<Request> = (call: NodeCall<Request>) => Promise<Message | Failed>;

export interface Failed {
  readonly failed: NodeAnswer;
}

export interface WalkOptions {
  readonly protocol: ProtocolName;
  /** How messages are written; JSON unless told. */
  readonly form?: MessageForm;
}

export interface WalkDeps<Request> {
  readonly callNode: CallNode<Request>;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** @param puid the request's id as JSON, for `meta.puid` where the request names none itself */
export type Walk<Request> = (
  from: Unit,
  message: Message,
  request: Request,
  puid: string | undefined,
) => Promise<Message | Failed>;

/** Which child a node chose, and the meta that its router told beside it. */
interface Choice {
  readonly index: number;
  readonly told: Meta;
}

/** Works out what is done at each node. */
export function unitOf(node: GraphNode, images: PredictorGraph['images']): Unit {
  return {
    node,
    steps: stepsOf(node),
    ratioA: ratioOf(node),
    image: images.get(node.name),
    children: node.children.map((child) => unitOf(child, images)),
  };
}

/** Makes the walker of a graph's units. */
export function createWalk<Request>(
  { protocol, form = jsonForm(protocol) }: WalkOptions,
  deps: WalkDeps<Request>,
): Walk<Request> {
  const metaOf = form.readMeta;
  const answered = (unit: Unit, sent: readonly State[], before: Meta, message: Message): State =>
    answeredBy(unit, sent, before, message, metaOf(message.body));

  const transform = async (
    unit: Unit,
    call: NodeCallName,
    state: State,
    request: Request,
  ): Promise<State | Failed> => {
    const { node } = unit;
    const { message, from } = state;
    const input = form.requestTo(node, message, from);
    const result = await deps.callNode({ node, call, message: input, request });
    return 'failed' in result ? result : answered(unit, [state], state.meta, result);
  };

  const enter = (unit: Unit, state: State, request: Request): Promise<State | Failed> | State => {
    const { before } = unit.steps;
    if (before === undefined) {
      const { meta } = state;
      return { ...state, meta: { ...meta, requestPath: withNode(meta.requestPath, unit) } };
    }
    if (before === 'simple-model') return answered(unit, [state], state.meta, form.simpleAnswer);
    return transform(unit, before, state, request);
  };

  const choose = async (unit: Unit, state: State, request: Request): Promise<Choice | Failed> => {
    switch (unit.steps.route) {
      case 'first':
        return { index: 0, told: emptyMeta };
      case 'random':
        return { index: deps.random() < unit.ratioA ? 0 : 1, told: emptyMeta };
      case 'call': {
        const { message, from } = state;
        const input = form.requestTo(unit.node, message, from);
        const call = { node: unit.node, call: 'route', message: input, request } as const;
        const result = await deps.callNode(call);
        if ('failed' in result) return result;
        return { index: chosenChild(form.indexIn(result.body), unit), told: metaOf(result.body) };
      }
      default:
        return { index: allChildren, told: emptyMeta };
    }
  };

  const combine = async (
    unit: Unit,
    input: State,
    states: readonly State[],
    request: Request,
  ): Promise<State | Failed> => {
    const [first = input] = states;
    const below = metaOfAll(input.meta, states);
    if (unit.steps.combine === undefined) return { ...first, meta: below };
    if (unit.steps.combine === 'average') {
      const message = form.average(
        unit,
        states.map((state) => state.message),
      );
      // It hands on the meta of the first, which has been counted.
      return answered(unit, states.slice(0, 1), below, message);
    }
    const result = await deps.callNode({
      node: unit.node,
      call: 'aggregate',
      message: form.listOf(states.map((state) => state.message)),
      shown: input.message,
      request,
    });
    return 'failed' in result ? result : answered(unit, states, below, result);
  };

  const descend = async (unit: Unit, input: State, request: Request): Promise<State | Failed> => {
    const choice = await choose(unit, input, request);
    if ('failed' in choice) return choice;
    const { index, told } = choice;
    const { meta } = input;
    const metrics = newMetrics(told.metrics, input.own.metrics);
    const routed: State = {
      ...input,
      meta: {
        ...meta,
        metrics: [...meta.metrics, ...metrics],
        routing: joined(meta.routing, new Map([[unit.node.name, String(index)]])),
        requestPath: withNode(joined(meta.requestPath, told.requestPath), unit),
      },
    };
    if (index === noChild) return routed;
    const children = index === allChildren ? unit.children : unit.children.slice(index, index + 1);
    // What the children add to the metrics is told apart from what was there before them.
    const given: State = { ...routed, meta: { ...routed.meta, metrics: [] } };
    const states = await together(children.map((child) => visit(child, given, request)));
    return 'failed' in states ? states : combine(unit, routed, states, request);
  };

  const visit = async (unit: Unit, state: State, request: Request): Promise<State | Failed> => {
    const entered = await enter(unit, state, request);
    if ('failed' in entered) return entered;
    const below = unit.children.length === 0 ? entered : await descend(unit, entered, request);
    if ('failed' in below || unit.steps.after === undefined) return below;
    return transform(unit, unit.steps.after, below, request);
  };

  return async (from, message, request, puid) => {
    const own = message.contentEncoding === undefined ? metaOf(message.body) : emptyMeta;
    const meta = { ...own, puid: own.puid ?? puid };
    const end = await visit(from, { message, own, meta, from: undefined }, request);
    if ('failed' in end) return end;
    if (protocol !== 'seldon') return end.message;
    return { ...end.message, body: form.writeMeta(end.message.body, end.meta) };
  };
}

/** Waits for all; of those that did not come well the first in the list is told. */
async function together(
  visits: readonly Promise<State | Failed>[],
): Promise<readonly State[] | Failed> {
  const states: State[] = [];
  for (const settled of await Promise.allSettled(visits)) {
    if (settled.status === 'rejected') throw settled.reason;
    if ('failed' in settled.value) return settled.value;
    states.push(settled.value);
  }
  return states;
}
