/** A graph walked without sockets: nodes are functions. */

import { Buffer } from 'node:buffer';
import type { Message } from '../../../src/graph/message.ts';
import { parseEnginePredictor } from '../../../src/graph/parse-predictor.ts';
import { createWalk, type Failed, type NodeCall, unitOf } from '../../../src/graph/walk.ts';
import type { ProtocolName } from '../../../src/inference/protocol.ts';

export interface NodeSpec {
  readonly name: string;
  readonly children?: readonly NodeSpec[];
  readonly [field: string]: unknown;
}

/** What a node answers: JSON, a message as it is, a failure, or an error thrown. */
export type NodeAnswers = (text: string, path: string) => unknown;

export interface GraphCaseOptions {
  readonly nodes?: Readonly<Record<string, NodeAnswers>>;
  readonly images?: Readonly<Record<string, string>>;
  readonly protocol?: ProtocolName;
  readonly random?: number;
  readonly puid?: string;
}

export const failed = (status: number): Failed => ({
  failed: {
    status,
    contentType: undefined,
    contentEncoding: undefined,
    puid: undefined,
    retryAfterMs: undefined,
    body: Buffer.from('no'),
  },
});

export const endpoint = { service_host: 'localhost', service_port: 9000 };

/** Parses a graph as ENGINE_PREDICTOR has it; every node has an endpoint. */
export function parsed(spec: NodeSpec, images: Readonly<Record<string, string>> = {}) {
  const filled = (node: NodeSpec): object => ({
    endpoint,
    ...node,
    children: node.children?.map(filled),
  });
  const containers = Object.entries(images).map(([name, image]) => ({ name, image }));
  const predictor = { graph: filled(spec), componentSpecs: [{ spec: { containers } }] };
  const text = Buffer.from(JSON.stringify(predictor)).toString('base64');
  const result = parseEnginePredictor(text);
  if (!result.ok) throw new Error(result.problems.join('; '));
  return result.predictor;
}

/** Walks it once; @returns what came out, and the calls in the order in which they were made. */
export async function walked(spec: NodeSpec, input: unknown, options: GraphCaseOptions = {}) {
  const { nodes = {}, images, protocol = 'seldon', random = 0, puid } = options;
  const { root, images: parsedImages } = parsed(spec, images);
  const calls: string[] = [];
  const sent: Record<string, string> = {};
  const callNode = async ({ node, call, message }: NodeCall<string>): Promise<Message | Failed> => {
    const text = Buffer.from(message.body).toString();
    calls.push(`${node.name}/${call}`);
    sent[`${node.name}/${call}`] = text;
    const answer = await (nodes[node.name] ?? ((same) => same))(text, call);
    if (typeof answer === 'object' && answer !== null && 'failed' in answer) {
      return answer as Failed;
    }
    return messageOf(answer);
  };
  const walk = createWalk<string>({ protocol }, { callNode, random: () => random });
  const end = await walk(
    unitOf(root, parsedImages),
    messageOf(input),
    'request',
    puid === undefined ? undefined : JSON.stringify(puid),
  );
  const text = 'failed' in end ? undefined : Buffer.from(end.body).toString();
  return {
    calls,
    sent,
    failed: 'failed' in end ? end.failed.status : undefined,
    text,
    json: () => JSON.parse(text ?? 'null'),
  };
}

const messageOf = (value: unknown): Message => ({
  body: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
  contentType: 'application/json',
  contentEncoding: undefined,
});

export const routeTo = (index: unknown) => () => ({ data: { ndarray: [[index]] } });
