/**
 * The V2 (Open Inference) REST protocol: one input tensor of shape [n, 4], flat or nested, in;
 * the species' index (`predict`) and their probabilities (`probabilities`) out.
 */

import { classNames, featureNames } from '../coefficients.ts';
import { type CheckedRows, likeliestClass, predictProbabilities, rowsOfShape } from '../model.ts';
import { type Answer, type Codec, fieldsOf } from './codec.ts';

const modelPath = /^\/v2\/models\/([^/]+)(?:\/versions\/[^/]+)?(\/infer|\/ready)?$/;

export const v2Codec: Codec = {
  findRoute(path) {
    if (path === '/v2') return { kind: 'metadata' };
    if (path === '/v2/health/live') return { kind: 'live' };
    if (path === '/v2/health/ready') return { kind: 'ready' };
    const [matched, model, suffix] = modelPath.exec(path) ?? [];
    if (matched === undefined) return undefined;
    if (suffix === '/infer') return { kind: 'predict', model };
    return { kind: suffix === '/ready' ? 'ready' : 'metadata', model };
  },

  answerPrediction(request, model) {
    const { id, inputs, outputs: wanted } = fieldsOf(request);
    const checked = rowsOfInputs(inputs);
    if (checked.kind === 'refused') return this.answerError(400, checked.reason);
    const names = wantedNames(wanted);
    const outputs = outputsOf(checked.rows.map(predictProbabilities)).filter(
      (output) => names === undefined || names.includes(output.name),
    );
    const echo = typeof id === 'string' ? { id } : {};
    return { status: 200, body: { model_name: model, model_version: '1', ...echo, outputs } };
  },

  answerHealth(route, state, model) {
    if (route.kind === 'live') return { status: 200, body: { live: true } };
    if (state !== 'available') return this.answerError(503, 'the model is not ready');
    return { status: 200, body: route.model ? { name: model, ready: true } : { ready: true } };
  },

  answerMetadata(route, model) {
    if (route.model === undefined) {
      return { status: 200, body: { name: 'seldon-eventing', version: '1', extensions: [] } };
    }
    const body = {
      name: model,
      versions: ['1'],
      platform: 'seldon-eventing',
      inputs: [{ name: 'predict', datatype: 'FP64', shape: [-1, featureNames.length] }],
      outputs: [
        { name: 'predict', datatype: 'INT64', shape: [-1, 1] },
        { name: 'probabilities', datatype: 'FP64', shape: [-1, classNames.length] },
      ],
    };
    return { status: 200, body };
  },

  answerError: (status, reason): Answer => ({ status, body: { error: reason } }),
};

function rowsOfInputs(inputs: unknown): CheckedRows {
  if (!Array.isArray(inputs) || inputs.length !== 1) {
    return { kind: 'refused', reason: 'inputs is not a list of exactly one tensor' };
  }
  const { datatype, shape, data } = fieldsOf(inputs[0]);
  if (datatype !== 'FP32' && datatype !== 'FP64') {
    return { kind: 'refused', reason: 'the datatype of the input is neither FP32 nor FP64' };
  }
  // The protocol lets the data stand flat or nested as its shape says.
  return rowsOfShape(shape, Array.isArray(data) ? data.flat() : data);
}

function wantedNames(wanted: unknown): readonly unknown[] | undefined {
  if (!Array.isArray(wanted) || wanted.length === 0) return undefined;
  return wanted.map((output: unknown) => fieldsOf(output)['name']);
}

function outputsOf(rows: readonly (readonly number[])[]) {
  const n = rows.length;
  return [
    { name: 'predict', shape: [n, 1], datatype: 'INT64', data: rows.map(likeliestClass) },
    {
      name: 'probabilities',
      shape: [n, classNames.length],
      datatype: 'FP64',
      data: rows.flat(),
    },
  ];
}
