/**
 * Seldon's messages in a batch: the rows of `data.ndarray` or `data.tensor`, at least of two axes,
 * since the only axis of a flat list is as often one row's features.
 *
 * `meta.puid` is each request's own; all else in `meta` and `data` must be alike.
 */

import type { Buffer } from 'node:buffer';
import { scanArray, scanElements } from '../batch-array.ts';
import type { BatchFormat } from '../batch-format.ts';
import { addRows, type Draft, looseKind, readFrame } from '../batch-rows.ts';
import { scanObject, skipString, skipValue } from '../batch-scan.ts';
import { scanTensor } from '../batch-tensor.ts';

/** `{"data": …, "meta": …}`; `further` reads what else there may be. */
function scanMessage(
  draft: Draft,
  at: number,
  read: Record<string, (draft: Draft, at: number) => number>,
): number {
  const met = new Set<string>();
  return scanObject(draft.bytes, at, (name, value) => {
    // Of two fields of one name, who knows which one a predictor takes.
    if (met.has(name) || !Object.hasOwn(read, name)) return -1;
    met.add(name);
    return read[name]?.(draft, value) ?? -1;
  });
}

const skip = ({ bytes }: Draft, at: number): number => skipValue(bytes, at);

/** Reads `data`, which holds one tensor and perhaps the names of its columns. */
const scanData = (isAnswer: boolean) => (draft: Draft, at: number) =>
  scanMessage(draft, at, {
    names: skip,
    ndarray: (_, value) => {
      if (draft.rows > 0) return -1;
      const array = isAnswer
        ? scanElements(draft.bytes, value)
        : scanArray(draft.bytes, value, false);
      if (array === undefined || (!isAnswer && array.shape.length < 2)) return -1;
      return addRows(draft, array, array.shape[0] ?? 0) ? array.end : -1;
    },
    tensor: (_, value) => {
      if (draft.rows > 0) return -1;
      return scanTensor(draft, value, { values: 'values', other: () => -1 }, isAnswer);
    },
  });

function scanPuid({ bytes, slots }: Draft, at: number): number {
  const end = skipString(bytes, at);
  if (end > 0) slots.push({ kind: 'id', from: at, to: end });
  return end;
}

function scanRequestMeta(draft: Draft, at: number): number {
  let met = false;
  return scanObject(draft.bytes, at, (name, value) => {
    if (name === 'puid') {
      if (met) return -1;
      met = true;
      return scanPuid(draft, value);
    }
    const end = skipValue(draft.bytes, value);
    if (name === 'tags' && end > 0) draft.echo = draft.bytes.toString('utf8', value, end);
    return end;
  });
}

/** Tags and metrics that the predictor adds speak of all rows together: whose they are is lost. */
const scanAnswerMeta = (echo: string | undefined) => (draft: Draft, at: number) =>
  scanMessage(draft, at, {
    puid: scanPuid,
    routing: skip,
    requestPath: skip,
    metrics: ({ bytes }, value) => only(bytes, value, (json) => sorted(json) === '[]'),
    tags: ({ bytes }, value) =>
      only(bytes, value, (json) => {
        const text = sorted(json);
        return text === '{}' || (echo !== undefined && text === sorted(echo));
      }),
  });

function scanStatus({ bytes }: Draft, at: number): number {
  return only(bytes, at, (json) => !json.includes('FAILURE'));
}

/** The end of the value, where what it holds will do. */
function only(bytes: Buffer, at: number, accept: (json: string) => boolean): number {
  const end = skipValue(bytes, at);
  return end > 0 && accept(bytes.toString('utf8', at, end)) ? end : -1;
}

/** The same value in one spelling: objects come back with their fields in any order. */
function sorted(json: string): string {
  return JSON.stringify(JSON.parse(json), (_name, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

const requestFields = { data: scanData(false), meta: scanRequestMeta };
const answerData = scanData(true);

export const seldonBatch: BatchFormat = {
  readRequest: (body) => readFrame(body, (draft, at) => scanMessage(draft, at, requestFields)),
  readAnswer: (body, request, rows) => {
    const fields = { data: answerData, meta: scanAnswerMeta(request.echo), status: scanStatus };
    const frame = readFrame(body, (draft, at) => scanMessage(draft, at, fields));
    return frame?.rows === rows ? frame : undefined;
  },
  kindOf: looseKind,
};
