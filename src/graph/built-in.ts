/** The units that Seldon's engine is itself: no container is called for them. */

import { Buffer } from 'node:buffer';
import { AdapterError } from '../errors.ts';
import { asBuffer } from '../event/utf8.ts';
import { jsonType, type Message, type Unit, whereOf } from './message.ts';

/** What SIMPLE_MODEL answers, whatever it is asked. */
export const simpleAnswer: Message = {
  body: Buffer.from(
    '{"status":{"status":"SUCCESS"},"meta":{},"data":{"names":["class0","class1","class2"],"tensor":{"shape":[1,3],"values":[0.1,0.9,0.5]}}}',
  ),
  contentType: jsonType,
  contentEncoding: undefined,
};

/** Numbers in rows, and the message that they stand in. */
interface Table {
  readonly message: Record<string, unknown>;
  readonly data: Record<string, unknown>;
  readonly kind: 'tensor' | 'ndarray';
  readonly columns: number;
  readonly values: readonly number[];
}

/**
 * AVERAGE_COMBINER: the mean of each number over all answers, in the form of the first one, with its
 * names, meta and status.
 * @throws AdapterError PREDICTOR_ANSWER_UNUSABLE where they are not tables of one shape
 */
export function average(unit: Unit, messages: readonly Message[]): Message {
  const tables = messages.map((message, i) => {
    const table = tableIn(message);
    if (table === undefined) throw unusable(unit, i, 'is no two-dimensional data of numbers');
    return table;
  });
  const [first, ...rest] = tables;
  if (first === undefined) throw unusable(unit, 0, 'is missing');
  rest.forEach((table, i) => {
    if (sameShape(table, first)) return;
    const shape = ({ values, columns }: Table) => `${values.length / columns} × ${columns}`;
    throw unusable(unit, i + 1, `is of shape ${shape(table)}, and the first of ${shape(first)}`);
  });
  const means = first.values.map((_, i) => mean(tables.map(({ values }) => values[i] ?? 0)));
  const data = { ...first.data, [first.kind]: inForm(first, means) };
  const body = written({ ...first.message, data });
  if (body === undefined) throw unusable(unit, 0, 'is nested too deeply');
  return { body, contentType: jsonType, contentEncoding: undefined };
}

/** Deeper values can be read than written. */
function written(value: object): Uint8Array | undefined {
  try {
    return Buffer.from(JSON.stringify(value));
  } catch {
    return undefined;
  }
}

/** Sums of the largest numbers would be infinite, which JSON cannot tell. */
function mean(values: readonly number[]): number {
  const all = values.length;
  const whole = values.reduce((sum, value) => sum + value, 0) / all;
  return Number.isFinite(whole) ? whole : values.reduce((sum, value) => sum + value / all, 0);
}

const sameShape = (one: Table, other: Table): boolean =>
  one.columns === other.columns && one.values.length === other.values.length;

function inForm({ kind, data, columns }: Table, values: readonly number[]): unknown {
  if (kind === 'tensor') return { ...(data['tensor'] as object), values };
  const rows = Array.from({ length: values.length / columns }, (_, row) => row * columns);
  return rows.map((from) => values.slice(from, from + columns));
}

function tableIn({ body }: Message): Table | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(asBuffer(body).toString('utf8'));
  } catch {
    return undefined;
  }
  const message = asObject(parsed);
  const data = asObject(message?.['data']);
  if (message === undefined || data === undefined) return undefined;
  const found = numbersOfTensor(asObject(data['tensor'])) ?? numbersOfRows(data['ndarray']);
  return found && { message, data, ...found };
}

type Numbers = Pick<Table, 'kind' | 'columns' | 'values'>;

function numbersOfTensor(tensor: Record<string, unknown> | undefined): Numbers | undefined {
  const { shape, values } = tensor ?? {};
  if (!isNumbers(shape) || !isNumbers(values) || shape.length !== 2) return undefined;
  const [rows = 0, columns = 0] = shape;
  if (columns < 1 || rows * columns !== values.length) return undefined;
  return { kind: 'tensor', columns, values };
}

function numbersOfRows(rows: unknown): Numbers | undefined {
  if (!Array.isArray(rows) || !rows.every(isNumbers)) return undefined;
  const columns = rows[0]?.length ?? 0;
  if (columns < 1 || rows.some((row) => row.length !== columns)) return undefined;
  return { kind: 'ndarray', columns, values: rows.flat() };
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every(Number.isFinite);

const asObject = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;

const unusable = ({ node, children }: Unit, i: number, what: string): AdapterError =>
  new AdapterError(
    'PREDICTOR_ANSWER_UNUSABLE',
    `AVERAGE_COMBINER ${whereOf(node)}: answer ${i + 1}${children[i] ? ` (of "${children[i].node.name}" or below)` : ''} ${what}; let all children answer data.tensor or data.ndarray of one shape`,
  );
