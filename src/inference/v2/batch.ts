/**
 * V2 (Open Inference) requests in a batch: every input tensor's first axis is the rows. `id` is
 * each request's own; names, datatypes, further axes, parameters and wanted outputs must be alike.
 *
 * Requests of a sequence keep their calls apart, and so do tensors outside the JSON.
 */

import type { ArrayScan } from '../batch-array.ts';
import type { BatchFormat } from '../batch-format.ts';
import { type Draft, readFrame } from '../batch-rows.ts';
import { leafKinds, scanList, scanObject, skipString, skipValue } from '../batch-scan.ts';
import { scanTensor } from '../batch-tensor.ts';

const tensorFields: ReadonlySet<string> = new Set(['name', 'datatype', 'parameters']);
const requestFields: ReadonlySet<string> = new Set(['parameters', 'outputs']);
const answerFields: ReadonlySet<string> = new Set(['model_name', 'model_version', 'parameters']);
/** Triton's extensions: parts of one sequence go in calls of their own, in order. */
const apart = ['"sequence_', '"binary_data'];

interface Side {
  /** The field that holds the tensors. */
  readonly tensors: string;
  readonly others: ReadonlySet<string>;
  readonly isAnswer: boolean;
}

function scanMessage(draft: Draft, at: number, { tensors, others, isAnswer }: Side): number {
  const { bytes } = draft;
  const met = new Set<string>();
  return scanObject(bytes, at, (name, value) => {
    // Of two fields of one name, who knows which one a predictor takes.
    if (met.has(name)) return -1;
    met.add(name);
    if (name === 'id') {
      const end = skipString(bytes, value);
      if (end > 0) draft.slots.push({ kind: 'id', from: value, to: end });
      return end;
    }
    if (name === tensors) {
      return scanList(bytes, value, (tensor) =>
        scanTensor(draft, tensor, { values: 'data', other }, isAnswer),
      );
    }
    return others.has(name) ? skip(value) : -1;
  });

  function other(name: string, value: number): number {
    return tensorFields.has(name) ? skip(value) : -1;
  }

  function skip(value: number): number {
    const end = skipValue(bytes, value);
    if (end < 0 || isAnswer) return end;
    const text = bytes.toString('latin1', value, end);
    return apart.some((mark) => text.includes(mark)) ? -1 : end;
  }
}

const request: Side = { tensors: 'inputs', others: requestFields, isAnswer: false };
const answer: Side = { tensors: 'outputs', others: answerFields, isAnswer: true };

/** The datatype says how a number is read; what is no number keeps to its own kind. */
function kindOf({ kinds }: ArrayScan): string | undefined {
  const { integer, float, huge, string, boolean } = leafKinds;
  if ((kinds & ~(integer | float | huge)) === 0) return 'n';
  if (kinds === string) return 's';
  return kinds === boolean ? 'b' : undefined;
}

export const v2Batch: BatchFormat = {
  readRequest: (body) => readFrame(body, (draft, at) => scanMessage(draft, at, request)),
  readAnswer: (body, _request, rows) => {
    const frame = readFrame(body, (draft, at) => scanMessage(draft, at, answer));
    return frame?.rows === rows ? frame : undefined;
  },
  kindOf,
};
