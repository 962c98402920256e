/**
 * Questions about status and metadata: which model is asked, and what is made of the answers.
 *
 * A1 What one model answers is passed on, whatever it is.
 * A2 A question about a graph is put to all its nodes at once; of several that refuse it, the first in
 *    the graph's order is told.
 */

import { Buffer } from 'node:buffer';
import { AdapterError } from '../errors.ts';
import { endsOfGraph } from '../graph/ends.ts';
import { jsonType, type Unit, whereOf } from '../graph/message.ts';
import type { GraphNode } from '../graph/node.ts';
import { isCalled } from '../graph/steps.ts';
import type { InfoRequest } from '../inference/protocol.ts';
import { type Described, graphMetadata, readMetadata } from '../inference/seldon/graph-metadata.ts';
import type { CallPredictor, PredictionAnswer, PredictionCall } from './ports.ts';

/** What every question of one request shares. */
export type InfoCall = Pick<PredictionCall, 'headers' | 'timeoutMs'>;

/** @throws AdapterError where there is no answer, or none that can be used */
export type AskInfo = (info: InfoRequest, call: InfoCall) => Promise<PredictionAnswer>;

export interface AskModelOptions {
  /** Name of the predictor, for metadata of its graph. */
  readonly predictor: string;
  readonly model: string | undefined;
}

const body = new Uint8Array();

/** Asks a predictor that is one model. */
export function createAskModel({ predictor, model }: AskModelOptions, ask: CallPredictor): AskInfo {
  return async (info, call) => {
    if (info.model !== undefined && model !== undefined && info.model !== model) {
      throw modelUnknown(info.model, [model]);
    }
    const answer = await ask({ ...call, path: info.predictorPath, body });
    if (!isGraphMetadata(info) || answer.status !== 200) return answer;
    const told = metadataIn(answer, 'the model');
    const name = model ?? (typeof told['name'] === 'string' ? told['name'] : '');
    return jsonAnswer(answer, graphMetadata(predictor, [[name, told]], told));
  };
}

export interface AskGraphOptions {
  readonly predictor: string;
  readonly root: Unit;
}

/** Asks a node at its own service. */
export type AskNode = (node: GraphNode, call: PredictionCall) => Promise<PredictionAnswer>;

/** Asks the nodes of a graph. */
export function createAskGraph({ predictor, root }: AskGraphOptions, ask: AskNode): AskInfo {
  const asked = unitsOf(root).filter(({ steps }) => isCalled(steps));
  const names = asked.map(({ node }) => node.name);

  const askAll = async (path: string, call: InfoCall): Promise<Answers> => {
    const calls = asked.map(({ node }) => ask(node, { ...call, path, body }));
    const answers = new Map<string, PredictionAnswer>();
    for (const [i, settled] of (await Promise.allSettled(calls)).entries()) {
      if (settled.status === 'rejected') throw settled.reason;
      if (settled.value.status >= 300) return { refusal: settled.value };
      answers.set(names[i] ?? '', settled.value);
    }
    return { answers };
  };

  const describe = (
    answers: ReadonlyMap<string, PredictionAnswer>,
  ): PredictionAnswer | undefined => {
    const models: [string, Described][] = [];
    for (const { node } of asked) {
      const answer = answers.get(node.name);
      if (answer !== undefined) models.push([node.name, metadataIn(answer, whereOf(node))]);
    }
    const [first] = answers.values();
    const described = new Map(models);
    const ends = endsOfGraph<unknown>(root, (name) => {
      const { inputs, outputs } = described.get(name) ?? {};
      return { inputs, outputs };
    });
    return first && jsonAnswer(first, graphMetadata(predictor, models, { ...ends }));
  };

  return async (info, call) => {
    const name = info.model ?? modelInPath.exec(info.predictorPath)?.[1];
    if (name !== undefined) {
      const unit = asked.find(({ node }) => node.name === name);
      if (unit === undefined) throw modelUnknown(name, names);
      return ask(unit.node, { ...call, path: info.predictorPath, body });
    }
    const { answers, refusal } = await askAll(info.predictorPath, call);
    const [first] = answers?.values() ?? [];
    const answer = answers && isGraphMetadata(info) ? describe(answers) : first;
    const told = refusal ?? answer;
    if (told === undefined) throw nobody();
    return told;
  };
}

type Answers =
  | { readonly answers: ReadonlyMap<string, PredictionAnswer>; readonly refusal?: undefined }
  | { readonly answers?: undefined; readonly refusal: PredictionAnswer };

/** The paths of the v2 and tensorflow protocols. */
const modelInPath = /^\/v[12]\/models\/([^/]+)/;

const unitsOf = (unit: Unit): Unit[] => [unit, ...unit.children.flatMap(unitsOf)];

const isGraphMetadata = ({ graph, service }: InfoRequest): boolean =>
  graph === true && service === 'metadata';

/** @param whose for messages */
function metadataIn({ body: bytes, contentEncoding }: PredictionAnswer, whose: string): Described {
  const told = contentEncoding === undefined ? readMetadata(bytes) : undefined;
  if (told !== undefined) return told;
  throw new AdapterError(
    'PREDICTOR_ANSWER_UNUSABLE',
    `the metadata of ${whose} is no JSON object; look at what it answers on /metadata`,
  );
}

const jsonAnswer = (answer: PredictionAnswer, text: string): PredictionAnswer => ({
  ...answer,
  contentType: jsonType,
  body: Buffer.from(text),
});

const modelUnknown = (asked: string, models: readonly string[]): AdapterError =>
  new AdapterError(
    'ROUTE_UNKNOWN',
    `this predictor has no model "${asked}" to ask; it has ${models.map((name) => `"${name}"`).join(', ')}`,
  );

const nobody = (): AdapterError =>
  new AdapterError('ROUTE_UNKNOWN', 'all nodes of this graph are built in: there is none to ask');
