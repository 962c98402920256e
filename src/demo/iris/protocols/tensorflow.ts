/**
 * TensorFlow Serving's REST protocol: rows under `instances` come back as `predictions`, columns
 * under `inputs` as `outputs`. Messages are worded as TensorFlow Serving words them.
 */

import { classNames, featureNames } from '../coefficients.ts';
import { checkRows, predictProbabilities } from '../model.ts';
import { type Answer, type Codec, fieldsOf } from './codec.ts';

const modelPath = /^\/v1\/models\/([^/:]+)(:predict|\/metadata)?$/;

export const tensorflowCodec: Codec = {
  findRoute(path) {
    const [matched, model, suffix] = modelPath.exec(path) ?? [];
    if (matched === undefined) return undefined;
    if (suffix === ':predict') return { kind: 'predict', model };
    return { kind: suffix === '/metadata' ? 'metadata' : 'ready', model };
  },

  answerPrediction(request) {
    const { instances, inputs } = fieldsOf(request);
    if (instances === undefined && inputs === undefined) {
      return this.answerError(400, "Missing 'inputs' or 'instances' key");
    }
    const checked = checkRows(instances ?? inputs);
    if (checked.kind === 'refused') return this.answerError(400, checked.reason);
    const probabilities = checked.rows.map(predictProbabilities);
    const body =
      instances === undefined ? { outputs: probabilities } : { predictions: probabilities };
    return { status: 200, body };
  },

  // While it loads, TensorFlow Serving answers 200 and tells the state: looking at the status
  // alone is a mistake that tests should catch.
  answerHealth(_route, state) {
    if (state === 'unavailable') return this.answerError(503, 'the server is not ready');
    const version = {
      version: '1',
      state: state === 'available' ? 'AVAILABLE' : 'LOADING',
      status: { error_code: 'OK', error_message: '' },
    };
    return { status: 200, body: { model_version_status: [version] } };
  },

  answerMetadata(_route, model) {
    const signature = {
      inputs: { inputs: tensorInfo('inputs', featureNames.length) },
      outputs: { outputs: tensorInfo('outputs', classNames.length) },
      method_name: 'tensorflow/serving/predict',
    };
    const body = {
      model_spec: { name: model, signature_name: '', version: '1' },
      metadata: { signature_def: { signature_def: { serving_default: signature } } },
    };
    return { status: 200, body };
  },

  answerError: (status, reason): Answer => ({ status, body: { error: reason } }),
};

const tensorInfo = (name: string, width: number) => ({
  name,
  dtype: 'DT_DOUBLE',
  tensor_shape: {
    dim: [
      { size: '-1', name: '' },
      { size: String(width), name: '' },
    ],
    unknown_rank: false,
  },
});
