/**
 * Questions over gRPC about the nodes of a graph, or about the graph itself. A node's answer is passed
 * on as it came; about the graph all nodes are asked, and the first refusal in its order is told.
 */

import { Buffer } from 'node:buffer';
import { AdapterError } from '../errors.ts';
import { protobufType, type Unit, whereOf } from '../graph/message.ts';
import type { GraphNode } from '../graph/node.ts';
import { isCalled } from '../graph/steps.ts';
import type { GrpcBinding } from '../inference/grpc-binding.ts';
import type { CallWithinDeadline, DeadlineCall } from './call-within-deadline.ts';
import type { PredictionAnswer } from './ports.ts';

export interface AskGrpcGraphOptions {
  readonly binding: GrpcBinding;
  readonly predictor: string;
  readonly root: Unit;
}

export interface AskGrpcGraphDeps {
  /** Calls a node at its own service. */
  readonly call: (node: GraphNode, call: DeadlineCall) => Promise<PredictionAnswer>;
  /** The graph's metadata out of each node's. @throws Error where one of them is no message */
  readonly metadataOf: (
    predictor: string,
    root: Unit,
    models: ReadonlyMap<string, Uint8Array>,
  ) => Uint8Array;
}

/** Makes the call of `served` methods that are about something; its `path` is their target. */
export function createAskGrpcGraph(
  { binding, predictor, root }: AskGrpcGraphOptions,
  deps: AskGrpcGraphDeps,
): CallWithinDeadline {
  const asked = unitsOf(root).filter(({ steps }) => isCalled(steps));

  const askNode = ({ node }: Unit, call: DeadlineCall): Promise<PredictionAnswer> =>
    deps
      .call(node, call)
      .then((answer) => ({ ...answer, where: `${whereOf(node)} at ${call.path}` }));

  const describe = async (call: DeadlineCall): Promise<PredictionAnswer> => {
    const calls = asked.map((unit) => askNode(unit, call));
    const models = new Map<string, Uint8Array>();
    for (const [i, settled] of (await Promise.allSettled(calls)).entries()) {
      if (settled.status === 'rejected') throw settled.reason;
      if (settled.value.status !== 200) return settled.value;
      models.set(asked[i]?.node.name ?? '', settled.value.body);
    }
    try {
      return { ...noAnswer, status: 200, body: deps.metadataOf(predictor, root, models) };
    } catch (cause) {
      const message =
        "a node's metadata is no SeldonModelMetadata; look at what its server answers";
      throw new AdapterError('PREDICTOR_ANSWER_UNUSABLE', message, { cause });
    }
  };

  return async (call) => {
    const method = binding.served.find(({ target, about }) => about && target === call.path);
    if (method?.about === 'graph') return describe({ ...call, path: method.ofNode ?? '' });
    const name = method?.about === 'model' ? binding.askedOf(call.body) : '';
    // Who names none asks the graph's own, as a client of a single model may.
    const unit = name === '' ? asked[0] : asked.find(({ node }) => node.name === name);
    return unit === undefined ? unknown(name, asked) : askNode(unit, call);
  };
}

const unitsOf = (unit: Unit): Unit[] => [unit, ...unit.children.flatMap(unitsOf)];

const noAnswer = {
  contentType: protobufType,
  contentEncoding: undefined,
  puid: undefined,
  retryAfterMs: undefined,
};

/** As a server says it that has many models. */
function unknown(name: string, asked: readonly Unit[]): PredictionAnswer {
  const names = asked.map(({ node }) => `"${node.name}"`).join(', ');
  const words = `the graph has no node "${name}" to ask; it has ${names}`;
  return {
    ...noAnswer,
    status: 404,
    statusName: 'NOT_FOUND',
    body: Buffer.from(words),
    where: 'the graph',
  };
}
