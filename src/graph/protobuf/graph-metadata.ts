/**
 * SeldonGraphMetadata { string name = 1; map<string, SeldonModelMetadata> models = 2; repeated inputs
 * = 3; repeated outputs = 4 }, made of each node's SeldonModelMetadata { … inputs = 4; outputs = 5 }.
 */

import protobuf from 'protobufjs';
import { endsOfGraph } from '../ends.ts';
import type { Unit } from '../message.ts';
import { type Field, fieldsOf } from './wire.ts';

/**
 * @param models what each node says of itself, by its name
 * @throws Error where one of them is no message
 */
export function protobufGraphMetadata(
  predictor: string,
  root: Unit,
  models: ReadonlyMap<string, Uint8Array>,
): Uint8Array {
  const writer = protobuf.Writer.create().uint32(tagOf(1)).string(predictor);
  for (const [name, metadata] of models) {
    writer.uint32(tagOf(2)).fork().uint32(tagOf(1)).string(name);
    writer.uint32(tagOf(2)).bytes(metadata).ldelim();
  }
  const fields = new Map([...models].map(([name, metadata]) => [name, fieldsOf(metadata)]));
  const ends = endsOfGraph(root, (name) => ({
    inputs: those(fields.get(name), 4),
    outputs: those(fields.get(name), 5),
  }));
  for (const { content } of ends.inputs) writer.uint32(tagOf(3)).bytes(content);
  for (const { content } of ends.outputs) writer.uint32(tagOf(4)).bytes(content);
  return writer.finish();
}

const tagOf = (number: number): number => (number << 3) | 2;

const those = (fields: readonly Field[] = [], wanted: number): readonly Field[] =>
  fields.filter(({ number }) => number === wanted);
