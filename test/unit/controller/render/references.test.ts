import { describe, expect, it } from 'vitest';
import { predictorWith, rendered } from './render-case.ts';

describe('what pods need before they start', () => {
  it('is found wherever it is named, with its keys and the field', () => {
    const secret = (name: string, key: string, optional?: boolean) => ({
      name: key.toUpperCase(),
      valueFrom: { secretKeyRef: { name, key, ...(optional && { optional }) } },
    });
    const spec = {
      containers: [
        {
          name: 'model',
          image: 'm',
          env: [secret('a', 'k'), secret('left-out', 'x', true)],
          envFrom: [{ configMapRef: { name: 'b' } }, { secretRef: { name: 'no', optional: true } }],
        },
      ],
      initContainers: [{ name: 'init', image: 'i', envFrom: [{ secretRef: { name: 'c' } }] }],
      volumes: [
        { name: 'v', secret: { secretName: 'd', items: [{ key: 'tls.crt', path: 'crt' }] } },
        { name: 'w', configMap: { name: 'e' } },
        { name: 'x', projected: { sources: [{ secret: { name: 'f' } }, { configMap: 7 }, null] } },
        { name: 'y', secret: { secretName: 'no', optional: true } },
        { name: 'z', secret: 'odd', projected: { sources: 'odd' } },
      ],
      imagePullSecrets: [{ name: 'g' }, {}],
    };
    const svcOrchSpec = {
      env: [{ name: 'H', valueFrom: { configMapKeyRef: { name: 'h', key: 'k' } } }],
    };
    const child = {
      name: 'server',
      implementation: 'SKLEARN_SERVER',
      modelUri: 'gs://a',
      envSecretRefName: 'i',
    };
    const graph = { name: 'model', children: [child] };
    const { references } = rendered([
      predictorWith({ graph, componentSpecs: [{ spec }], svcOrchSpec }),
    ]);
    const at = 'spec.predictors[0]';
    const pod = `${at}.componentSpecs[0].spec`;
    expect(
      references.map(({ kind, name, keys, field }) => [kind, name, keys.join(), field]),
    ).toEqual([
      ['ConfigMap', 'h', 'k', `${at}.svcOrchSpec.env[0].valueFrom.configMapKeyRef`],
      ['Secret', 'a', 'k', `${pod}.containers[0].env[0].valueFrom.secretKeyRef`],
      ['ConfigMap', 'b', '', `${pod}.containers[0].envFrom[0].configMapRef`],
      ['Secret', 'c', '', `${pod}.initContainers[0].envFrom[0].secretRef`],
      ['Secret', 'd', 'tls.crt', `${pod}.volumes[0].secret`],
      ['ConfigMap', 'e', '', `${pod}.volumes[1].configMap`],
      ['Secret', 'f', '', `${pod}.volumes[2].projected.sources[0].secret`],
      ['Secret', 'g', '', `${pod}.imagePullSecrets[0].name`],
      ['Secret', 'i', '', `${at}.graph.children[0].envSecretRefName`],
    ]);
  });
});
