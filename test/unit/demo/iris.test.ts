import { describe, expect, test } from 'vitest';
import { classNames } from '../../../src/demo/iris/coefficients.ts';
import { likeliestClass, predictProbabilities } from '../../../src/demo/iris/model.ts';
import {
  bodyOf,
  classesOf,
  rows,
  setosa,
  species,
  useIris,
  versicolor,
  virginica,
} from './iris-fixture.ts';

const iris = useIris();

describe('the model', () => {
  test.each([
    ['setosa', setosa],
    ['versicolor', versicolor],
    ['virginica', virginica],
  ])('knows a %s', (name, row) => {
    expect(classNames[likeliestClass(predictProbabilities(row))]).toBe(name);
  });

  test('gives the probabilities that scikit-learn gave for the documented example', () => {
    const [first, second, third] = predictProbabilities([1, 2, 3, 4]);
    expect(first).toBeCloseTo(0.0359013892, 8);
    expect(second).toBeCloseTo(0.00617785523, 8);
    expect(third).toBeCloseTo(0.957920756, 8);
  });

  test('stays finite for the largest measurements it lets through', () => {
    const probabilities = predictProbabilities([1e300, -1e300, 1e300, 1e300]);
    expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1);
  });
});

describe('the seldon protocol', () => {
  test.each(['/predict', '/api/v0.1/predictions', '/api/v1.0/predictions'])(
    '%s answers ndarray with ndarray and names',
    async (path) => {
      const response = await iris.post(path, { data: { names: ['a'], ndarray: rows } });
      expect(response.status).toBe(200);
      const body = await bodyOf(response);
      expect(body.meta).toEqual({});
      expect(body.data.names).toEqual(classNames);
      expect(classesOf(body.data.ndarray)).toEqual(species);
    },
  );

  test('answers tensor with tensor', async () => {
    const tensor = { shape: [2, 4], values: [...setosa, ...virginica] };
    const body = await bodyOf(await iris.post('/predict', { data: { tensor } }));
    expect(body.data.tensor.shape).toEqual([2, 3]);
    expect(body.data.tensor.values).toHaveLength(6);
  });

  test.each([
    ['no data', {}],
    ['data of another kind', { data: [] }],
    ['no rows', { data: { ndarray: [] } }],
    ['a flat row', { data: { ndarray: setosa } }],
    ['three features', { data: { ndarray: [[1, 2, 3]] } }],
    ['text in a row', { data: { ndarray: [[1, 2, 3, '4']] } }],
    ['a shape that lies', { data: { tensor: { shape: [2, 4], values: setosa } } }],
    ['a list', [1, 2]],
    ['null', null],
  ])('refuses %s in the shape of Seldon', async (_name, body) => {
    const response = await iris.post('/predict', body);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      status: {
        code: 400,
        info: expect.any(String),
        reason: 'MICROSERVICE_BAD_DATA',
        status: 'FAILURE',
      },
    });
  });

  test('refuses what is not JSON, and numbers that are infinite', async () => {
    for (const body of ['{', '', '{"data":{"ndarray":[[1,2,3,1e999]]}}']) {
      expect((await iris.call('/predict', { method: 'POST', body })).status).toBe(400);
    }
  });

  test('echoes the puid, as a header and in meta', async () => {
    const request = { meta: { puid: 'p1' }, data: { ndarray: rows } };
    const response = await iris.post('/predict', request, { 'Seldon-Puid': 'p1' });
    expect(response.headers.get('seldon-puid')).toBe('p1');
    expect((await bodyOf(response)).meta).toEqual({ puid: 'p1' });
  });

  test('has health and metadata', async () => {
    expect(await (await iris.call('/health/ping')).text()).toBe('pong');
    expect((await iris.call('/health/status')).status).toBe(200);
    expect((await iris.call('/api/v1.0/health/status')).status).toBe(200);
    expect((await bodyOf(await iris.call('/metadata'))).name).toBe('iris');
  });
});

describe('the tensorflow protocol', () => {
  const path = '/v1/models/iris:predict';

  test('answers instances with predictions', async () => {
    const body = await bodyOf(await iris.post(path, { instances: rows }));
    expect(classesOf(body.predictions)).toEqual(species);
  });

  test('answers inputs with outputs', async () => {
    const body = await bodyOf(await iris.post(path, { inputs: rows }));
    expect(classesOf(body.outputs)).toEqual(species);
  });

  test.each([[{}], [[1, 2]], [{ instances: [[1]] }]])('refuses %j', async (body) => {
    const response = await iris.post(path, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.any(String) });
  });

  test('tells the state of the model', async () => {
    const state = async () => {
      const body = await bodyOf(await iris.call('/v1/models/iris'));
      return body.model_version_status[0]?.state;
    };
    expect(await state()).toBe('AVAILABLE');
    iris.faults().loading = true;
    expect(await state()).toBe('LOADING');
    const metadata = await bodyOf(await iris.call('/v1/models/iris/metadata'));
    expect(metadata.model_spec.name).toBe('iris');
  });

  test('does not know another model', async () => {
    const response = await iris.post('/v1/models/other:predict', { instances: rows });
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: expect.stringContaining('other') });
  });
});

describe('the v2 protocol', () => {
  const path = '/v2/models/iris/infer';
  const input = { name: 'predict', shape: [3, 4], datatype: 'FP32', data: rows.flat() };

  test.each([
    ['flat', input],
    ['nested', { ...input, datatype: 'FP64', data: rows }],
  ])('takes %s data, and echoes the id', async (_name, tensor) => {
    const body = await bodyOf(await iris.post(path, { id: 'r1', inputs: [tensor] }));
    expect(body).toMatchObject({ model_name: 'iris', id: 'r1' });
    const [classes, probabilities] = body.outputs;
    expect(classes).toEqual({ name: 'predict', shape: [3, 1], datatype: 'INT64', data: [0, 1, 2] });
    expect(probabilities).toMatchObject({
      name: 'probabilities',
      shape: [3, 3],
      datatype: 'FP64',
      data: expect.toSatisfy((data: number[]) => data.length === 9),
    });
  });

  test('answers only the outputs asked for', async () => {
    const request = { inputs: [input], outputs: [{ name: 'predict' }] };
    const body = await bodyOf(await iris.post(path, request));
    expect(body.outputs).toHaveLength(1);
    expect(body).not.toHaveProperty('id');
  });

  test.each([
    ['no inputs', {}],
    ['two inputs', { inputs: [input, input] }],
    ['another datatype', { inputs: [{ ...input, datatype: 'BYTES' }] }],
    ['another width', { inputs: [{ ...input, shape: [4, 3] }] }],
    ['too little data', { inputs: [{ ...input, data: setosa }] }],
  ])('refuses %s', async (_name, body) => {
    const response = await iris.post(path, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.any(String) });
  });

  test('has health and metadata', async () => {
    for (const health of ['/v2/health/live', '/v2/health/ready', '/v2/models/iris/ready', '/v2']) {
      expect((await iris.call(health)).status).toBe(200);
    }
    expect((await bodyOf(await iris.call('/v2/models/iris'))).name).toBe('iris');
    expect((await iris.call('/v2/models/other/ready')).status).toBe(404);
  });
});
