/**
 * Seldon's messages between their two forms, protobuf and JSON, by the rules of proto3's JSON mapping
 * (https://protobuf.dev/programming-guides/json/), as Seldon's wrappers read and write it. For the few
 * places where a message must be read; it takes memory to load, so it is loaded where it is needed.
 */

import { Buffer } from 'node:buffer';
import protobuf from 'protobufjs';
import { tensorProto } from '../tensorflow/tensor-proto.ts';
import { seldonProto } from './proto.ts';

export type SeldonType = 'SeldonMessage' | 'Feedback' | 'SeldonModelMetadata';

const root = new protobuf.Root();
for (const name of ['any', 'struct', 'empty']) {
  root.addJSON(protobuf.common.get(`google/protobuf/${name}.proto`)?.nested ?? {});
}
for (const source of [tensorProto, seldonProto]) protobuf.parse(source, root, { keepCase: true });
root.resolveAll();

const typeOf = (name: SeldonType): protobuf.Type => root.lookupType(`seldon.protos.${name}`);

/**
 * @returns the message as JSON.stringify takes it
 * @throws Error where the bytes are no such message
 */
export function jsonOf(name: SeldonType, bytes: Uint8Array): Fields {
  const type = typeOf(name);
  return messageToJson(type, type.decode(bytes) as unknown as Fields);
}

/**
 * @param json what JSON.parse made of it; members that the message does not have are left out
 * @throws Error where it is no such message
 */
export function bytesOf(name: SeldonType, json: unknown): Uint8Array {
  const type = typeOf(name);
  return type.encode(type.create(messageFromJson(type, json))).finish();
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function messageToJson(type: protobuf.Type, message: Fields): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const field of type.fieldsArray) {
    if (!Object.hasOwn(message, field.name)) continue;
    const value = message[field.name];
    const isMany = field.map || field.repeated;
    // Every list and map is there once it is decoded; the layout has no word for an empty one.
    if (isMany && Object.keys(value as object).length === 0) continue;
    json[jsonName(field)] = field.map
      ? mapped(value as Fields, (one) => valueToJson(field, one))
      : field.repeated
        ? (value as unknown[]).map((one) => valueToJson(field, one))
        : valueToJson(field, value);
  }
  return json;
}

function valueToJson(field: protobuf.Field, value: unknown): unknown {
  const type = field.resolvedType;
  if (type instanceof protobuf.Enum) return type.valuesById[value as number] ?? value;
  if (type instanceof protobuf.Type) {
    const known = wellKnown[type.fullName];
    return known ? known.toJson(value as Fields) : messageToJson(type, value as Fields);
  }
  if (field.type === 'bytes') return Buffer.from(value as Uint8Array).toString('base64');
  if (typeof value === 'number') return numberToJson(value, field.type === 'float');
  return typeof value === 'object' ? String(value) : value;
}

function numberToJson(value: number, isFloat: boolean): number | string {
  if (!Number.isFinite(value)) return String(value);
  if (!isFloat) return value;
  // The shortest text that is this float: 0.7, and not 0.699999988079071.
  const digits = [6, 7, 8].find((count) => Math.fround(shortened(value, count)) === value);
  return digits === undefined ? value : shortened(value, digits);
}

const shortened = (value: number, digits: number): number => Number(value.toPrecision(digits));

/** Lower camel case, which most names are already. */
const jsonName = ({ name }: protobuf.Field): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const mapped = (entries: Fields, each: (value: unknown) => unknown): Fields =>
  Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, each(value)]));

function messageFromJson(type: protobuf.Type, json: unknown): Fields {
  if (!isFields(json)) throw new TypeError(`${type.name} is no object`);
  const message: Record<string, unknown> = {};
  for (const field of type.fieldsArray) {
    const name = [jsonName(field), field.name].find((one) => Object.hasOwn(json, one));
    const value = name === undefined ? undefined : json[name];
    const isNull = value === null && field.resolvedType?.fullName !== '.google.protobuf.Value';
    if (value === undefined || isNull) continue;
    const where = `${type.name}.${field.name}`;
    if (field.map) {
      if (!isFields(value)) throw new TypeError(`${where} is no object`);
      message[field.name] = mapped(value, (one) => valueFromJson(field, one, where));
    } else if (field.repeated) {
      if (!Array.isArray(value)) throw new TypeError(`${where} is no list`);
      message[field.name] = value.map((one) => valueFromJson(field, one, where));
    } else message[field.name] = valueFromJson(field, value, where);
  }
  return message;
}

function valueFromJson(field: protobuf.Field, value: unknown, where: string): unknown {
  const type = field.resolvedType;
  if (type instanceof protobuf.Enum) {
    const id = typeof value === 'number' ? value : type.values[String(value)];
    if (id === undefined) throw new TypeError(`${where} has no such word`);
    return id;
  }
  if (type instanceof protobuf.Type) {
    const known = wellKnown[type.fullName];
    return known ? known.fromJson(value) : messageFromJson(type, value);
  }
  if (field.type === 'string' || field.type === 'bytes') {
    if (typeof value !== 'string') throw new TypeError(`${where} is no text`);
    return field.type === 'string' ? value : Buffer.from(value, 'base64');
  }
  if (field.type === 'bool') return value === true;
  const isNumber = typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');
  if (!isNumber || (Number.isNaN(Number(value)) && value !== 'NaN')) {
    throw new TypeError(`${where} is no number`);
  }
  return /64$/.test(field.type) ? value : Number(value);
}

interface WellKnown {
  readonly toJson: (message: Fields) => unknown;
  readonly fromJson: (json: unknown) => Fields;
}

/** Types that JSON has a form of its own for. */
const wellKnown: Readonly<Record<string, WellKnown>> = {
  '.google.protobuf.Value': { toJson: plainOf, fromJson: valueOfJson },
  '.google.protobuf.ListValue': { toJson: listToJson, fromJson: listFromJson },
  '.google.protobuf.Struct': { toJson: structToJson, fromJson: structFromJson },
  // What is in it is known to those alone who exchange it.
  '.google.protobuf.Any': {
    toJson: ({ type_url: type = '', value }) => ({
      '@type': type,
      value: Buffer.from((value ?? []) as Uint8Array).toString('base64'),
    }),
    fromJson: (json) => {
      const { '@type': type, value } = isFields(json) ? json : {};
      return { type_url: String(type ?? ''), value: Buffer.from(String(value ?? ''), 'base64') };
    },
  },
};

/** google.protobuf.Value → the JSON value that it stands for. */
function plainOf(value: Fields): unknown {
  if (Object.hasOwn(value, 'numberValue'))
    return numberToJson(value['numberValue'] as number, false);
  if (Object.hasOwn(value, 'stringValue')) return value['stringValue'];
  if (Object.hasOwn(value, 'boolValue')) return value['boolValue'];
  if (Object.hasOwn(value, 'listValue')) return listToJson(value['listValue'] as Fields);
  if (Object.hasOwn(value, 'structValue')) return structToJson(value['structValue'] as Fields);
  return null;
}

function valueOfJson(json: unknown): Fields {
  switch (typeof json) {
    case 'number':
      return { numberValue: json };
    case 'string':
      return { stringValue: json };
    case 'boolean':
      return { boolValue: json };
    default:
      if (json === null || json === undefined) return { nullValue: 0 };
      return Array.isArray(json)
        ? { listValue: listFromJson(json) }
        : { structValue: structFromJson(json) };
  }
}

function listToJson({ values = [] }: Fields): unknown[] {
  return (values as Fields[]).map(plainOf);
}

function listFromJson(json: unknown): Fields {
  if (!Array.isArray(json)) throw new TypeError('a list is expected');
  return { values: json.map(valueOfJson) };
}

function structToJson({ fields = {} }: Fields): Fields {
  return mapped(fields as Fields, (value) => plainOf(value as Fields));
}

function structFromJson(json: unknown): Fields {
  if (!isFields(json)) throw new TypeError('an object is expected');
  return { fields: mapped(json, valueOfJson) };
}
