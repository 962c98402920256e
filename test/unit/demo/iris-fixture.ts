/** A predictor on a free port for one test file, and the calls that its tests make. */

import { afterAll, afterEach, beforeAll } from 'vitest';
import { classNames } from '../../../src/demo/iris/coefficients.ts';
import { likeliestClass } from '../../../src/demo/iris/model.ts';
import { createIrisPredictor, type IrisPredictor } from '../../../src/demo/iris/predictor.ts';

export const setosa = [5.1, 3.5, 1.4, 0.2];
export const versicolor = [6.0, 2.2, 4.0, 1.0];
export const virginica = [6.3, 3.3, 6.0, 2.5];
export const rows = [setosa, versicolor, virginica];
export const species = ['setosa', 'versicolor', 'virginica'];

/** The fields of all the answers that the tests look at. */
export interface Body {
  readonly name: string;
  readonly meta: unknown;
  readonly data: {
    readonly names: string[];
    readonly ndarray: number[][];
    readonly tensor: { readonly shape: number[]; readonly values: number[] };
  };
  readonly predictions: number[][];
  readonly outputs: unknown[];
  readonly model_version_status: { readonly state: string }[];
  readonly model_spec: { readonly name: string };
}

export const bodyOf = async (response: Response) => (await response.json()) as Body;

export const classesOf = (probabilities: readonly unknown[]) =>
  (probabilities as number[][]).map((row) => classNames[likeliestClass(row)]);

/** Starts before all tests of the file; every test begins with the switches off. */
export function useIris() {
  let iris: IrisPredictor | undefined;
  const current = () => {
    if (iris === undefined) throw new Error('the predictor has not been started');
    return iris;
  };
  const call = (path: string, init: RequestInit = {}) => fetch(current().url + path, init);
  const put = (path: string, body: string) => call(path, { method: 'PUT', body });
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    call(path, { method: 'POST', body: JSON.stringify(body), headers });
  const predict = (ndarray: unknown[] = [setosa]) => post('/predict', { data: { ndarray } });
  beforeAll(async () => {
    iris = await createIrisPredictor({ modelName: 'iris', maxBodyBytes: 10_000 });
  });
  afterAll(() => iris?.close());
  afterEach(() => put('/switches', '{}'));
  return { call, put, post, predict, faults: () => current().faults };
}
