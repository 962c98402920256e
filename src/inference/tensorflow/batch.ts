/**
 * TensorFlow's requests in a batch: the row format, `instances` in and `predictions` out. Rows that
 * are objects (several named inputs) and the column format go alone.
 */

import { scanArray, scanElements } from '../batch-array.ts';
import type { BatchFormat } from '../batch-format.ts';
import { addRows, type Draft, looseKind, readFrame } from '../batch-rows.ts';
import { scanObject, skipValue } from '../batch-scan.ts';

function scanRequest(draft: Draft, at: number): number {
  let signed = false;
  return scanObject(draft.bytes, at, (name, value) => {
    if (name === 'signature_name' && !signed) {
      signed = true;
      return skipValue(draft.bytes, value);
    }
    if (name !== 'instances' || draft.rows > 0) return -1;
    const array = scanArray(draft.bytes, value, false);
    return array !== undefined && addRows(draft, array, array.shape[0] ?? 0) ? array.end : -1;
  });
}

function scanAnswer(draft: Draft, at: number): number {
  return scanObject(draft.bytes, at, (name, value) => {
    if (name !== 'predictions' || draft.rows > 0) return -1;
    const array = scanElements(draft.bytes, value);
    return array !== undefined && addRows(draft, array, array.shape[0] ?? 0) ? array.end : -1;
  });
}

export const tensorflowBatch: BatchFormat = {
  readRequest: (body) => readFrame(body, scanRequest),
  readAnswer: (body, _request, rows) => {
    const frame = readFrame(body, scanAnswer);
    return frame?.rows === rows ? frame : undefined;
  },
  kindOf: looseKind,
};
