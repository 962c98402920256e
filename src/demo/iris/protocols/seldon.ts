/**
 * Seldon's own protocol, answered as its Python wrapper (seldon-core 1.18) answers: the payload
 * comes back in the form in which it came, `ndarray` for `ndarray` and `tensor` for `tensor`.
 */

import { classNames, featureNames } from '../coefficients.ts';
import { type CheckedRows, checkRows, predictProbabilities, rowsOfShape } from '../model.ts';
import { type Answer, type Codec, fieldsOf, type Route } from './codec.ts';

const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/predict', { kind: 'predict' }],
  ['/api/v0.1/predictions', { kind: 'predict' }],
  ['/api/v1.0/predictions', { kind: 'predict' }],
  ['/health/ping', { kind: 'live' }],
  ['/health/status', { kind: 'ready' }],
  ['/api/v1.0/health/status', { kind: 'ready' }],
  ['/metadata', { kind: 'metadata' }],
  ['/api/v1.0/metadata', { kind: 'metadata' }],
]);

export const seldonCodec: Codec = {
  findRoute: (path) => routes.get(path),

  answerPrediction(request) {
    const { data, meta } = fieldsOf(request);
    const { ndarray, tensor } = fieldsOf(data);
    if (ndarray === undefined && tensor === undefined) {
      return this.answerError(400, 'data has neither ndarray nor tensor');
    }
    const checked = ndarray === undefined ? rowsOfTensor(tensor) : checkRows(ndarray);
    if (checked.kind === 'refused') return this.answerError(400, checked.reason);
    const probabilities = checked.rows.map(predictProbabilities);
    const payload =
      ndarray === undefined ? { tensor: tensorOf(probabilities) } : { ndarray: probabilities };
    const { puid } = fieldsOf(meta);
    const answerMeta = puid === undefined ? {} : { puid };
    return { status: 200, body: { data: { names: classNames, ...payload }, meta: answerMeta } };
  },

  answerHealth(route, state) {
    if (route.kind === 'live') return { status: 200, text: 'pong' };
    if (state !== 'available') return this.answerError(503, 'the model is not loaded');
    return { status: 200, body: { data: { names: [], ndarray: [] }, meta: {} } };
  },

  answerMetadata: (_route, model) => ({ status: 200, body: metadataOf(model) }),

  answerError(status, reason): Answer {
    const code = status < 500 ? 'MICROSERVICE_BAD_DATA' : 'MICROSERVICE_INTERNAL_ERROR';
    const body = { status: { code: status, info: reason, reason: code, status: 'FAILURE' } };
    return { status, body };
  },
};

function rowsOfTensor(tensor: unknown): CheckedRows {
  const { shape, values } = fieldsOf(tensor);
  return rowsOfShape(shape, values);
}

const tensorOf = (rows: readonly (readonly number[])[]) => ({
  shape: [rows.length, classNames.length],
  values: rows.flat(),
});

const metadataOf = (model: string) => ({
  apiVersion: 'v2',
  name: model,
  platform: 'seldon-eventing',
  versions: ['1'],
  inputs: [
    { messagetype: 'ndarray', schema: { names: featureNames, shape: [featureNames.length] } },
  ],
  outputs: [{ messagetype: 'ndarray', schema: { names: classNames, shape: [classNames.length] } }],
});
