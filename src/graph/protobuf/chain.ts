/**
 * One node's answer as the next one's request, in the protocols that have two messages for them. All
 * of it but the model's name keeps its bytes.
 */

import { Buffer } from 'node:buffer';
import protobuf from 'protobufjs';
import { AdapterError } from '../../errors.ts';
import { type Message, whereOf } from '../message.ts';
import type { GraphNode } from '../node.ts';
import { type Field, fieldsOf, messageIn } from './wire.ts';

export type RequestTo = (to: GraphNode, message: Message, from: GraphNode | undefined) => Message;

/**
 * ModelInferRequest { model_name = 1; model_version = 2; id = 3; parameters = 4; inputs = 5;
 * outputs = 6; raw_input_contents = 7 } and ModelInferResponse { … outputs = 5;
 * raw_output_contents = 6 }, whose tensors are laid out alike.
 */
export const v2RequestTo: RequestTo = createRequestTo(
  (to, fields) => [text(1, to.name), ...wholesBut(fields, 1)],
  (to, fields) => {
    if (!has(fields, 5)) return undefined;
    // Its version is that of the model that answered.
    const kept = fields.filter(({ number }) => number >= 3 && number <= 5);
    const raw = fields.filter(({ number }) => number === 6);
    return [text(1, to.name), ...kept.map(wholeOf), ...raw.map((field) => renumbered(field, 7))];
  },
);

/**
 * PredictRequest { ModelSpec model_spec = 1 { name = 1 }; map inputs = 2; output_filter = 3 } and
 * PredictResponse { map outputs = 1; ModelSpec model_spec = 2 }.
 */
export const tensorflowRequestTo: RequestTo = createRequestTo(
  (to, fields) => {
    const spec = fieldsIn(messageIn(fields, 1) ?? new Uint8Array());
    const rest = spec && wholesBut(spec, 1);
    return rest && [bytes(1, Buffer.concat([text(1, to.name), ...rest])), ...wholesBut(fields, 1)];
  },
  (to, fields) => {
    if (!has(fields, 1)) return undefined;
    const outputs = fields.filter(({ number }) => number === 1);
    // Version and signature are those of the model that answered.
    return [bytes(1, text(1, to.name)), ...outputs.map((field) => renumbered(field, 2))];
  },
);

type Parts = readonly Uint8Array[];

/**
 * @param ofCaller the parts of the caller's own request; undefined where it cannot be read, and is
 *   for the node to judge
 * @param ofAnswer those of an answer; undefined where it has nothing to go on with
 */
function createRequestTo(
  ofCaller: (to: GraphNode, fields: readonly Field[]) => Parts | undefined,
  ofAnswer: (to: GraphNode, fields: readonly Field[]) => Parts | undefined,
): RequestTo {
  return (to, message, from) => {
    const fields = fieldsIn(message.body);
    const parts = fields && (from === undefined ? ofCaller : ofAnswer)(to, fields);
    if (parts !== undefined) return { ...message, body: Buffer.concat(parts) };
    if (from === undefined) return message;
    throw new AdapterError(
      'PREDICTOR_ANSWER_UNUSABLE',
      `the answer of ${whereOf(from)} has no outputs, so the next node of the graph cannot be asked; look at that node's log`,
    );
  };
}

function fieldsIn(body: Uint8Array): Field[] | undefined {
  try {
    return fieldsOf(body);
  } catch {
    return undefined;
  }
}

const has = (fields: readonly Field[], wanted: number): boolean =>
  fields.some(({ number }) => number === wanted);
const wholeOf = ({ whole }: Field): Uint8Array => whole;
const wholesBut = (fields: readonly Field[], without: number): Uint8Array[] =>
  fields.filter(({ number }) => number !== without).map(wholeOf);

const bytes = (number: number, content: Uint8Array): Uint8Array =>
  protobuf.Writer.create()
    .uint32((number << 3) | 2)
    .bytes(content)
    .finish();
const text = (number: number, content: string): Uint8Array => bytes(number, Buffer.from(content));
const renumbered = ({ content }: Field, number: number): Uint8Array => bytes(number, content);
