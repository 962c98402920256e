import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AdapterError } from '../../../src/errors.ts';
import { protocolNames } from '../../../src/inference/protocol.ts';
import { protocols } from '../../../src/inference/protocols.ts';

const { seldon, tensorflow, v2 } = protocols;
const refused = new AdapterError('PREDICTOR_REFUSED', 'the "shape" is wrong');

describe('the registry', () => {
  it('holds every protocol under its own name', () => {
    for (const name of protocolNames) expect(protocols[name].name).toBe(name);
    expect(Object.keys(protocols)).toEqual([...protocolNames]);
  });
});

describe('paths at the predictor', () => {
  it.each([
    ['seldon', seldon.predictionPath(undefined), '/predict'],
    ['tensorflow', tensorflow.predictionPath('iris'), '/v1/models/iris:predict'],
    ['v2', v2.predictionPath('iris'), '/v2/models/iris/infer'],
  ])('%s predicts where the model server serves it', (_name, path, expected) => {
    expect(path).toBe(expected);
  });

  it.each([
    ['seldon', seldon.readinessPath(undefined), '/health/status'],
    ['tensorflow', tensorflow.readinessPath('iris'), '/v1/models/iris'],
    ['v2', v2.readinessPath('iris'), '/v2/models/iris/ready'],
  ])('%s is asked for its health where the model server tells it', (_name, path, expected) => {
    expect(path).toBe(expected);
  });
});

describe('the model that a request path names', () => {
  it.each([
    ['/v1/models/iris:predict', 'iris'],
    ['/v1/models/iris/:predict', 'iris'],
    ['/v1/models/:predict', undefined],
    ['/v1/models/iris', false],
    ['/v1/models/iris:classify', false],
    ['/v1/models/iris/metadata', false],
    ['/v1/models/a/b:predict', false],
    ['/v1/models/a:b:predict', false],
    ['/v1/models/iris:predict/x', false],
    ['/v1/models//:predict', false],
    ['/v2/models/iris:predict', false],
  ])('tensorflow: %s → %s', (path, model) => {
    expect(tensorflow.modelOfPath(path)).toBe(model);
  });

  it.each([
    ['/v2/models/iris/infer', 'iris'],
    ['/v2/models/infer', undefined],
    ['/v2/models/infer/infer', 'infer'],
    ['/v2/models/iris/versions/2/infer', 'iris/versions/2'],
    ['/v2/models/iris', false],
    ['/v2/models/iris/ready', false],
    ['/v2/models//infer', false],
    ['/v2/models/a/b/infer', false],
    ['/v2/models/iris/versions//infer', false],
    ['/v2/models/iris/infer/', false],
    ['/v2/models/iris%2Fready/infer', 'iris%2Fready'],
  ])('v2: %s → %s', (path, model) => {
    expect(v2.modelOfPath(path)).toBe(model);
  });

  it.each(['..', '.', '%2e%2e', '.%2E', '%2e', 'a#b', 'm/versions/..', '../versions/1'])(
    'v2: %s, which would lead to another path at the predictor, is none',
    (model) => {
      expect(v2.modelOfPath(`/v2/models/${model}/infer`)).toBe(false);
    },
  );

  it.each(['...', '..a', 'a..', '.hidden', '%2e%2ex'])('v2: %s is an ordinary name', (model) => {
    expect(v2.modelOfPath(`/v2/models/${model}/infer`)).toBe(model);
  });

  it('a version in the path reaches the predictor', () => {
    const path = '/v2/models/iris/versions/2/infer';
    expect(v2.predictionPath(v2.modelOfPath(path) || undefined)).toBe(path);
  });

  it('leads to the same path at the predictor, whatever it is', () => {
    const names = fc.stringMatching(/^[\w.%~-]{1,20}$/);
    fc.assert(
      fc.property(names, (name) => {
        for (const protocol of [tensorflow, v2]) {
          const path = protocol.predictionPath(name);
          const model = protocol.modelOfPath(path);
          if (model === false) continue;
          expect(protocol.predictionPath(model)).toBe(path);
          if (protocol === v2) expect(new URL(path, 'http://h').pathname).toBe(path);
        }
      }),
    );
  });

  it('no text, however long, takes longer than the time limit of this test to judge', () => {
    const long = `/v2/models/${'a/versions/'.repeat(20_000)}infer`;
    for (const protocol of [tensorflow, v2]) expect(protocol.modelOfPath(long)).toBe(false);
  });
});

describe('readiness', () => {
  const none = new Uint8Array();

  it('tensorflow: the state counts, since TensorFlow Serving answers 200 while it loads', () => {
    const inState = (state: string) =>
      Buffer.from(`{"model_version_status": [{"version": "1", "state": "${state}"}]}`);
    const states = ['START', 'LOADING', 'AVAILABLE', 'UNLOADING', 'END'];
    const ready = states.filter((state) => tensorflow.isReady(200, inState(state)));
    expect(ready).toEqual(['AVAILABLE']);
  });

  it('seldon: any answer but a 5xx, since its health route is optional', () => {
    expect([200, 204, 404, 405, 500, 503].map((status) => seldon.isReady(status, none))).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it.each([tensorflow, v2])('$name: only a success, since 404 means that it loads', (protocol) => {
    expect([200, 204, 302, 400, 404, 503].map((status) => protocol.isReady(status, none))).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('the body of a failed ordinary request', () => {
  it("is Seldon's FAILURE status", () => {
    expect(JSON.parse(seldon.failureBody(refused))).toEqual({
      status: {
        code: 422,
        info: 'the "shape" is wrong',
        reason: 'PREDICTOR_REFUSED',
        status: 'FAILURE',
      },
    });
  });

  it.each([tensorflow, v2])("is $name's error member", (protocol) => {
    expect(JSON.parse(protocol.failureBody(refused))).toEqual({ error: 'the "shape" is wrong' });
  });
});
