/**
 * The meta of a seldon.protos.SeldonMessage { Status status = 1; Meta meta = 2; … }: found, merged and
 * put back; all that stands beside it keeps its bytes. As meta.ts, whose M1 and M2 hold.
 *
 * Meta { string puid = 1; map<string, Value> tags = 2; map<string, int32> routing = 3;
 *        map<string, string> requestPath = 4; repeated Metric metrics = 5 }
 *
 * Texts, and numbers of routes, are JSON as there. Tags and metrics are not read: their bytes stand
 * behind a mark that no JSON begins with.
 */

import { Buffer } from 'node:buffer';
import protobuf from 'protobufjs';
import { asBuffer } from '../../event/utf8.ts';
import { emptyMeta, type Meta } from '../meta.ts';
import { entryOf, type Field, fieldsOf, int32Of, messageIn, textOf } from './wire.ts';

const metaNumber = 2;
const mark = '#';
const packed = (bytes: Uint8Array): string => mark + asBuffer(bytes).toString('latin1');
const unpacked = (text: string): Buffer => Buffer.from(text.slice(mark.length), 'latin1');

export function readProtobufMeta(body: Uint8Array): Meta {
  try {
    const meta = messageIn(fieldsOf(body), metaNumber);
    return meta === undefined || meta.length === 0 ? emptyMeta : parseMeta(meta);
  } catch {
    return emptyMeta;
  }
}

function parseMeta(bytes: Uint8Array): Meta {
  let puid: string | undefined;
  const tags = new Map<string, string>();
  const routing = new Map<string, string>();
  const requestPath = new Map<string, string>();
  const metrics: string[] = [];
  const others = new Map<string, string>();
  for (const field of fieldsOf(bytes)) {
    const { number } = field;
    if (number === 1) puid = JSON.stringify(textOf(field));
    else if (number === 5) metrics.push(packed(sortedMetric(field)));
    else if (number < 5) {
      const { key, value } = entryOf(field);
      if (number === 2) tags.set(key, packed(value?.content ?? new Uint8Array()));
      if (number === 3) routing.set(key, String(value === undefined ? 0 : int32Of(value)));
      if (number === 4)
        requestPath.set(key, JSON.stringify(value === undefined ? '' : textOf(value)));
    } else {
      const before = others.get(String(number)) ?? mark;
      others.set(String(number), before + asBuffer(field.whole).toString('latin1'));
    }
  }
  return { puid, tags, routing, requestPath, metrics, others };
}

/** Metric { key = 1; type = 2; value = 3; map<string, string> tags = 4 }: a map has no order. */
function sortedMetric({ content }: Field): Uint8Array {
  const fields = fieldsOf(content);
  const tags = fields.filter(({ number }) => number === 4);
  if (tags.length < 2) return content;
  const sorted = tags.map(({ whole }) => whole).sort(Buffer.compare);
  const rest = fields.filter(({ number }) => number !== 4).map(({ whole }) => whole);
  return Buffer.concat([...rest, ...sorted]);
}

/** The message with this meta in the place of its own; as it is where it cannot be read. */
export function writeProtobufMeta(body: Uint8Array, meta: Meta): Uint8Array {
  let fields: Field[];
  try {
    fields = fieldsOf(body);
  } catch {
    return body;
  }
  const kept = fields.filter(({ number }) => number !== metaNumber);
  const before = kept.filter(({ number }) => number < metaNumber);
  const after = kept.filter(({ number }) => number > metaNumber);
  const writer = protobuf.Writer.create().uint32(tagOf(metaNumber)).bytes(metaBytes(meta));
  const whole = ({ whole: bytes }: Field) => bytes;
  return Buffer.concat([...before.map(whole), writer.finish(), ...after.map(whole)]);
}

const tagOf = (number: number, type = 2): number => (number << 3) | type;

function metaBytes(meta: Meta): Uint8Array {
  const writer = protobuf.Writer.create();
  const entry = (number: number, key: string, write: () => void): void => {
    writer.uint32(tagOf(number)).fork().uint32(tagOf(1)).string(key);
    write();
    writer.ldelim();
  };
  if (meta.puid !== undefined) writer.uint32(tagOf(1)).string(JSON.parse(meta.puid));
  for (const [name, tag] of meta.tags) {
    entry(2, name, () => writer.uint32(tagOf(2)).bytes(unpacked(tag)));
  }
  for (const [name, index] of meta.routing) {
    entry(3, name, () => writer.uint32(tagOf(2, 0)).int32(Number(index)));
  }
  for (const [name, image] of meta.requestPath) {
    entry(4, name, () => writer.uint32(tagOf(2)).string(JSON.parse(image)));
  }
  for (const metric of meta.metrics) writer.uint32(tagOf(5)).bytes(unpacked(metric));
  return Buffer.concat([writer.finish(), ...[...meta.others.values()].map(unpacked)]);
}
