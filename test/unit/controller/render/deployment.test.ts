import { describe, expect, it } from 'vitest';
import {
  namesOf,
  ofKind,
  predictorWith,
  rendered,
  renderResource,
  resourceWith,
  specOf,
  told,
} from './render-case.ts';

const deploymentOf = (predictor: object, spec: object = {}) =>
  ofKind(rendered([predictor], spec), 'Deployment')[0];

describe('names', () => {
  it("are Seldon's, and shortened as there", () => {
    expect(namesOf(rendered([predictorWith()]).objects)).toEqual([
      'iris-default',
      'iris-default-0-model',
    ]);
    // From md5sum, of "iris-default-0-" and the container's name.
    const name = 'm'.repeat(50);
    const long = predictorWith({ graph: { name } }, { name });
    expect(namesOf(rendered([long]).objects)).toEqual([
      'iris-default',
      'seldon-1e78fa06598d7f687712ecfde1df3c5a',
    ]);
    const given = predictorWith({}, {}, { metadata: { name: 'pods' } });
    expect(deploymentOf(given)?.metadata.name).toBe('iris-default-0-pods');
  });

  it('of the Service can be given by hand, and the address follows', () => {
    const annotations = { 'seldon.io/svc-name': 'flowers' };
    const { objects, addresses } = rendered([predictorWith({ annotations })]);
    expect(namesOf(objects)[0]).toBe('flowers');
    expect(addresses[0]?.url).toBe(
      'http://flowers.default.svc.cluster.local:8000/api/v1.0/predictions',
    );
  });
});

describe('labels', () => {
  const labels = { app: 'mine', team: 'vision', version: 'v2' };
  const metadata = { labels: { 'seldon-app': 'x', tier: 'models' } };
  const result = rendered([predictorWith({ labels }, {}, { metadata })]);
  const [deployment] = ofKind(result, 'Deployment');

  it('of the user are carried, unless pods are found by them: that is told', () => {
    const { template, selector } = specOf(deployment);
    expect(template.metadata.labels).toMatchObject({
      app: 'iris-default-0-model',
      'app.kubernetes.io/managed-by': 'seldon-eventing',
      'seldon-app': 'iris-default',
      'seldon-deployment-id': 'iris',
      'seldon.io/model': 'true',
      team: 'vision',
      tier: 'models',
      version: 'v2',
    });
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    expect(told(result.warnings).map((text) => text.split(': ')[0])).toEqual([
      'LabelReserved spec.predictors[0].labels["app"]',
      'LabelReserved spec.predictors[0].componentSpecs[0].metadata.labels["seldon-app"]',
    ]);
  });

  it('that select pods stay whatever else changes, as Kubernetes demands', () => {
    const { selector } = specOf(deployment);
    const annotations = { 'seldon.io/svc-name': 'other' };
    const changed = predictorWith({ annotations, labels: { version: 'v3' }, shadow: false });
    expect(specOf(deploymentOf(changed)).selector).toEqual(selector);
  });
});

describe('annotations', () => {
  it('are those of spec, predictor and component, the nearest counts; Prometheus finds the pods', () => {
    const metadata = { annotations: { a: 'component' } };
    const predictor = predictorWith(
      { annotations: { a: 'predictor', b: 'predictor' } },
      {},
      { metadata },
    );
    const deployment = deploymentOf(predictor, { annotations: { b: 'spec', c: 'spec' } });
    const given = { a: 'component', b: 'predictor', c: 'spec' };
    expect(deployment?.metadata.annotations).toEqual(given);
    expect(specOf(deployment).template.metadata.annotations).toEqual({
      ...given,
      'prometheus.io/path': '/prometheus',
      'prometheus.io/scrape': 'true',
    });
  });
});

describe('owners', () => {
  it('are named on everything, so that it goes with the SeldonDeployment', () => {
    const kedaSpec = { triggers: [{ type: 'cron', metadata: { timezone: 'UTC' } }] };
    const { objects } = rendered([
      predictorWith({}, {}, { kedaSpec }),
      predictorWith({ name: 'other' }, {}, { hpaSpec: { maxReplicas: 2 } }),
    ]);
    expect(new Set(objects.map(({ kind }) => kind))).toEqual(
      new Set(['Service', 'Deployment', 'ScaledObject', 'HorizontalPodAutoscaler']),
    );
    for (const { metadata } of objects) {
      expect(metadata.namespace).toBe('default');
      expect(metadata.ownerReferences).toEqual([
        {
          apiVersion: 'machinelearning.seldon.io/v1',
          kind: 'SeldonDeployment',
          name: 'iris',
          uid: '5ee5-d0c5',
          controller: true,
          blockOwnerDeletion: true,
        },
      ]);
    }
  });

  it('that are in no cluster yet are not named', () => {
    const resource = { ...resourceWith([predictorWith()]), metadata: { name: 'iris' } };
    const { objects } = renderResource(resource);
    expect(objects.map(({ metadata }) => metadata.ownerReferences)).toEqual([undefined, undefined]);
  });
});

describe('replicas', () => {
  const replicasOf = (parts: object, component: object, spec: object) =>
    specOf(deploymentOf(predictorWith(parts, {}, component), spec)).replicas;

  it('are those of the nearest that gives any, 0 too', () => {
    expect(replicasOf({ replicas: 2 }, { replicas: 0 }, { replicas: 3 })).toBe(0);
    expect(replicasOf({ replicas: 2 }, {}, { replicas: 3 })).toBe(2);
    expect(replicasOf({}, {}, { replicas: 3 })).toBe(3);
    expect(replicasOf({}, {}, {})).toBe(1);
  });

  it('are left alone where KEDA or an HPA sets them, and those are told', () => {
    const hpaSpec = { maxReplicas: 2 };
    const kedaSpec = { triggers: [{ type: 'cron', metadata: { timezone: 'UTC' } }] };
    const result = rendered([
      predictorWith({ name: 'a', replicas: 2 }, {}, { hpaSpec }),
      predictorWith({ name: 'b', replicas: 2 }, {}, { kedaSpec, replicas: 1 }),
      predictorWith({ name: 'c', replicas: 2 }),
    ]);
    expect(ofKind(result, 'Deployment').map((one) => specOf(one).replicas)).toEqual([
      undefined,
      undefined,
      2,
    ]);
    expect(result.scaledByOthers).toEqual(['iris-a-0-model', 'iris-b-0-model']);
  });
});

describe('addresses', () => {
  it('are one for each predictor, shadows last', () => {
    const { addresses } = rendered([
      predictorWith({ name: 'dark', shadow: true }),
      predictorWith({ name: 'main' }),
    ]);
    expect(addresses.map(({ name }) => name)).toEqual(['main', 'dark']);
  });

  it.each([
    ['seldon', '/api/v1.0/predictions'],
    ['tensorflow', '/v1/models/model:predict'],
    ['v2', '/v2/models/model/infer'],
    ['kfserving', '/v2/models/model/infer'],
  ])("have the protocol's path: %s", (protocol, path) => {
    const [address] = rendered([predictorWith()], { protocol }).addresses;
    expect(address?.url).toBe(`http://iris-default.default.svc.cluster.local:8000${path}`);
  });

  it('of a headless Service have the port of the pods, which nothing translates', () => {
    const svcOrchSpec = { env: [{ name: 'HTTP_PORT', value: '8080' }] };
    const annotations = { 'seldon.io/headless-svc': 'true' };
    const result = rendered([predictorWith({ svcOrchSpec })], { annotations });
    expect(result.addresses[0]?.url).toContain(':8080/');
    expect(ofKind(result, 'Service')[0]?.['spec']).toMatchObject({
      clusterIP: 'None',
      ports: [{ port: 8080, targetPort: 8080 }, { port: 5001 }],
    });
  });
});

describe('what is not made', () => {
  const warningsOf = (parts: object, component: object = {}, spec: object = {}) =>
    told(rendered([predictorWith(parts, {}, component)], spec).warnings);

  it('is told, each with its field', () => {
    const annotations = { 'seldon.io/no-engine': 'true' };
    expect(
      warningsOf({ explainer: { type: 'AnchorTabular' }, annotations }, { pdbSpec: {} }),
    ).toEqual([
      'FieldNotHeeded spec.predictors[0].explainer: nothing is made of it; deploy it yourself',
      'FieldNotHeeded spec.predictors[0].componentSpecs[0].pdbSpec: nothing is made of it; deploy it yourself',
      'FieldNotHeeded spec.predictors[0].annotations["seldon.io/no-engine"]: the adapter is there all the same, since it is what takes events',
    ]);
  });

  it('is an HPA beside KEDA', () => {
    const kedaSpec = { triggers: [{ type: 'cron', metadata: { timezone: 'UTC' } }] };
    const component = predictorWith({}, {}, { kedaSpec, hpaSpec: { maxReplicas: 2 } });
    const { problems, warnings, objects } = renderResource(resourceWith([component]));
    // KEDA's own check may refuse it outright.
    expect(told([...problems, ...warnings]).join()).toMatch(/hpaSpec/);
    expect(objects.map(({ kind }) => kind)).not.toContain('HorizontalPodAutoscaler');
  });

  it('is a split of HTTP requests', () => {
    const main = predictorWith({ name: 'main' });
    const shadow = predictorWith({ name: 'dark', shadow: true });
    expect(told(rendered([main, shadow]).warnings)[0]).toMatch(
      /^TrafficNotSplit spec\.predictors: /,
    );
    expect(rendered([main]).warnings).toEqual([]);
  });
});
