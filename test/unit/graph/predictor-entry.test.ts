import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodePredictor,
  encodePredictor,
  findPredictor,
  noFacts,
  predictorFacts,
  splitImage,
} from '../../../src/graph/predictor-entry.ts';

describe('what a predictor says of itself', () => {
  it('is its version and the images of its containers', () => {
    const facts = predictorFacts({
      annotations: { version: 'v7' },
      componentSpecs: [
        { spec: { containers: [{ name: 'a', image: 'repo/a:1' }, { name: 'b' }] } },
        { spec: { containers: [{ name: 'c', image: 'c' }] } },
      ],
    });
    expect(facts.version).toBe('v7');
    expect(Object.fromEntries(facts.images)).toEqual({
      a: { name: 'repo/a', version: '1' },
      c: { name: 'c', version: '' },
    });
  });

  it('is nothing where it is not as it should be, whatever it is', () => {
    fc.assert(fc.property(fc.jsonValue(), (entry) => void predictorFacts(entry)));
    for (const entry of [
      undefined,
      null,
      [],
      'x',
      { annotations: [], componentSpecs: { spec: 1 } },
    ]) {
      expect(predictorFacts(entry)).toEqual(noFacts);
    }
  });

  it.each([
    ['iris:1', 'iris', '1'],
    ['iris', 'iris', ''],
    ['registry:5000/iris', 'registry:5000/iris', ''],
    ['registry:5000/team/iris:1.2', 'registry:5000/team/iris', '1.2'],
    ['iris@sha256:ab', 'iris', 'sha256:ab'],
    ['iris:1@sha256:ab', 'iris', 'sha256:ab'],
    ['', '', ''],
  ])('the image %s is %s in version %s', (image, name, version) => {
    expect(splitImage(image)).toEqual({ name, version });
  });
});

describe('a predictor in a SeldonDeployment', () => {
  const resource = {
    kind: 'SeldonDeployment',
    spec: { predictors: [{ name: 'a' }, { name: 'b' }] },
  };

  it('is found by its name', () => {
    expect(findPredictor(resource, 'b')).toEqual({ ok: true, entry: { name: 'b' } });
  });

  it.each([
    [resource, 'c', 'it has no predictor "c" (PREDICTOR_ID); it has "a", "b"'],
    [{ kind: 'Deployment' }, 'a', 'expected a SeldonDeployment'],
    [{ kind: 'SeldonDeployment' }, 'a', 'it has no spec.predictors'],
    [null, 'a', 'it has no spec.predictors'],
    [{ spec: { predictors: [1, {}] } }, 'a', 'it has "", ""'],
  ])('%j has no %s', (given, name, problem) => {
    expect(findPredictor(given, name)).toEqual({
      ok: false,
      problem: expect.stringContaining(problem),
    });
  });

  it('is encoded and decoded without loss', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (entry) => {
        expect(decodePredictor(encodePredictor(entry))).toEqual(JSON.parse(JSON.stringify(entry)));
      }),
    );
    expect(decodePredictor('!')).toBeUndefined();
  });
});
