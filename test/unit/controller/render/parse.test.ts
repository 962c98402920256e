import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSeldonDeployment } from '../../../../src/controller/render/parse.ts';
import { predictorWith, resourceWith, told } from './render-case.ts';

function problemsOf(value: unknown): string[] {
  const parsed = parseSeldonDeployment(value);
  return parsed.ok ? [] : told(parsed.problems);
}

function sdepOf(value: unknown) {
  const parsed = parseSeldonDeployment(value);
  if (!parsed.ok) throw new Error(told(parsed.problems).join('\n'));
  return parsed.sdep;
}

describe('parsing a SeldonDeployment', () => {
  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (value) => {
        parseSeldonDeployment(value);
        parseSeldonDeployment(resourceWith(value));
        parseSeldonDeployment(resourceWith([value]));
        parseSeldonDeployment(resourceWith([predictorWith({ graph: value })]));
      }),
    );
  });

  it('tells every field of a wrong type at once, each with its path and what to do', () => {
    const predictor = {
      name: '',
      graph: { name: 'm', children: [{ endpoint: { service_port: '9000' } }] },
      replicas: -1,
      traffic: 101,
      shadow: 'yes',
      labels: { version: 2 },
      svcOrchSpec: { env: [{ name: 'KAFKA_WORKERS', value: 16 }, 'x'] },
      componentSpecs: [
        {
          spec: { containers: [{ image: 7 }] },
          kedaSpec: { triggers: [{ metadata: { lag: 5 } }] },
        },
        { spec: { containers: {} } },
      ],
    };
    expect(problemsOf(resourceWith([predictor], { protocol: {} }))).toEqual([
      'FieldInvalid spec.protocol: expected text, found an object',
      'FieldInvalid spec.predictors[0].name: expected text that is not empty, found ""',
      'FieldInvalid spec.predictors[0].graph.children[0].name: is missing',
      'FieldInvalid spec.predictors[0].graph.children[0].endpoint.service_port: expected a whole number from 0 to 65535, found "9000"',
      'FieldInvalid spec.predictors[0].componentSpecs[0].spec.containers[0].name: is missing',
      'FieldInvalid spec.predictors[0].componentSpecs[0].spec.containers[0].image: expected text, found 7; put it in quotes',
      'FieldInvalid spec.predictors[0].componentSpecs[0].kedaSpec.triggers[0].type: is missing',
      'FieldInvalid spec.predictors[0].componentSpecs[0].kedaSpec.triggers[0].metadata["lag"]: expected text, found 5; put it in quotes',
      'FieldInvalid spec.predictors[0].componentSpecs[1].spec.containers: expected a list, found an object',
      'FieldInvalid spec.predictors[0].svcOrchSpec.env[0].value: expected text, found 16; put it in quotes',
      'FieldInvalid spec.predictors[0].svcOrchSpec.env[1]: expected an object, found "x"',
      'FieldInvalid spec.predictors[0].replicas: expected a whole number from 0 to 2147483647, found -1',
      'FieldInvalid spec.predictors[0].traffic: expected a whole number from 0 to 100, found 101',
      'FieldInvalid spec.predictors[0].shadow: expected true or false, found "yes"',
      'FieldInvalid spec.predictors[0].labels["version"]: expected text, found 2; put it in quotes',
    ]);
  });

  it('refuses what is no SeldonDeployment', () => {
    const message = 'KindUnknown kind: expected a SeldonDeployment of machinelearning.seldon.io';
    const other = { ...resourceWith([]), apiVersion: 'apps/v1', kind: 'Deployment' };
    expect(problemsOf(other)).toEqual([`${message}, found Deployment of apps/v1`]);
    expect(problemsOf([])).toEqual(['FieldInvalid : expected an object, found a list']);
    expect(problemsOf({})).toHaveLength(4);
  });

  it('refuses a graph nested so deep that walking it would end the process', () => {
    let graph: object = { name: 'leaf' };
    for (let i = 0; i < 20_000; i += 1) graph = { name: `n${i}`, children: [graph] };
    expect(problemsOf(resourceWith([{ name: 'default', graph }]))).toEqual([
      'NestedTooDeep the resource is nested more than 100 levels deep; flatten its graph',
    ]);
  });

  it('takes null for a field that is not there, and fills in what the types promise', () => {
    const bare = {
      apiVersion: 'machinelearning.seldon.io/v1',
      kind: 'SeldonDeployment',
      metadata: { name: 'iris', labels: null },
      spec: {
        protocol: null,
        predictors: [{ name: 'p', graph: { name: 'm' }, componentSpecs: [{}] }],
      },
    };
    expect(sdepOf(bare)).toEqual({
      apiVersion: 'machinelearning.seldon.io/v1',
      kind: 'SeldonDeployment',
      metadata: { name: 'iris', namespace: 'default', uid: '', generation: 0, resourceVersion: '' },
      spec: {
        predictors: [
          { name: 'p', graph: { name: 'm' }, componentSpecs: [{ spec: { containers: [] } }] },
        ],
      },
    });
    expect(sdepOf({ ...bare, spec: {} }).spec.predictors).toEqual([]);
  });

  it('takes names that objects have by themselves for what they are', () => {
    const labels: unknown = JSON.parse('{"__proto__": "a", "constructor": "b"}');
    const [predictor] = sdepOf(resourceWith([predictorWith({ labels })])).spec.predictors;
    expect(JSON.stringify(predictor?.labels)).toBe('{"__proto__":"a","constructor":"b"}');
    expect(problemsOf(resourceWith([predictorWith({ labels: { toString: 1 } })]))).toHaveLength(1);
  });
});
