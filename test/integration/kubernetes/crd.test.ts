import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { applyCrds } from '../../support/apply-crds.ts';
import { ourCrd, seldonDeployments } from '../../support/config-dir.ts';
import { type KubeAnswer, type KubeObject, useKubeServer } from '../../support/kube-server.ts';
import { type Change, changed, type Refusal, refusals } from './invalid-sdeps.ts';

const kube = await useKubeServer({ prepare: ({ admin }) => applyCrds(admin, [ourCrd()]) });

const fixture = (name: string): Manifest => {
  const found = seldonDeployments.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no test/fixtures/sdep/${name}`);
  return found.manifest;
};
const iris = fixture('iris.yaml');

const placed = (manifest: Manifest, namespace: string): Manifest => ({
  ...manifest,
  metadata: { ...manifest.metadata, namespace },
});
const pathIn = (namespace: string): string =>
  `/apis/machinelearning.seldon.io/v1/namespaces/${namespace}/seldondeployments`;

/** What a person's `kubectl create` sends: a field that nobody declares is an error. */
async function create(manifest: Manifest): Promise<KubeAnswer<KubeObject & Refusal>> {
  const namespace = await kube.createNamespace();
  const path = `${pathIn(namespace)}?fieldValidation=Strict`;
  return kube.admin.request('POST', path, placed(manifest, namespace));
}

async function created(manifest: Manifest): Promise<Manifest> {
  const { status, body } = await create(manifest);
  expect([status, body.message]).toEqual([201, undefined]);
  const { name, namespace = '' } = body.metadata;
  return placed({ ...manifest, metadata: { name } }, namespace);
}

describe.skipIf(kube.missing)('the API server, with our CRD', () => {
  test('takes the CRD whole', async () => {
    const crd = await kube.admin.request<KubeObject & { status: { conditions: Condition[] } }>(
      'GET',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/seldondeployments.machinelearning.seldon.io',
    );
    const conditions = crd.body.status.conditions.map(({ type, status }) => [type, status]);
    expect(conditions.sort()).toEqual([
      ['Established', 'True'],
      ['NamesAccepted', 'True'],
    ]);
  });

  test.each(seldonDeployments.map(({ name, manifest }) => [name, manifest]))(
    'takes %s and keeps all of it',
    async (_name, manifest) => {
      const { status, body } = await create(manifest);
      expect([status, body.message]).toEqual([201, undefined]);
      expect(body['spec']).toEqual(manifest['spec']);
    },
  );

  test("keeps Seldon's own fields, and whatever Kubernetes' types have", async () => {
    const manifest = changed(iris, (spec, predictor) => {
      Object.assign(spec, { oauth_key: 'key', oauth_secret: 'secret', name: 'iris' });
      Object.assign(predictor, {
        ssl: { certSecretName: 'tls' },
        engineResources: { requests: { cpu: 1, memory: '1Gi' } },
        progressDeadlineSeconds: 600,
        explainer: { type: 'AnchorTabular', modelUri: 'gs://x', containerSpec: { name: 'x' } },
        componentSpecs: [
          {
            metadata: { creationTimestamp: null, labels: { a: 'b' } },
            pdbSpec: { minAvailable: '50%' },
            spec: {
              initContainers: [{ name: 'first', image: 'x' }],
              containers: [{ name: 'classifier', resources: { limits: { cpu: 0.5 } } }],
            },
          },
        ],
      });
    });
    const { status, body } = await create(manifest);
    expect([status, body.message]).toEqual([201, undefined]);
    expect(body['spec']).toEqual(manifest['spec']);
  });

  test('keeps a graph deeper than its types', async () => {
    const deep = (levels: number): object => ({
      name: `node-${levels}`,
      type: 'TRANSFORMER',
      endpoint: { type: 'GRPC' },
      children: levels === 0 ? [] : [deep(levels - 1)],
    });
    const manifest = changed(iris, (_spec, predictor) => {
      Object.assign(predictor, { graph: deep(9) });
    });
    const { status, body } = await create(manifest);
    expect([status, body.message]).toEqual([201, undefined]);
    expect(body['spec']).toEqual(manifest['spec']);
  });

  test('takes one as large as anybody writes, within what its rules may cost', async () => {
    const manifest = changed(fixture('cifar10-kafka.yaml'), (spec, predictor) => {
      const { env } = predictor['svcOrchSpec'] as { env: object[] };
      const more = Array.from({ length: 400 }, (_, at) => ({ name: `SETTING_${at}`, value: 'x' }));
      const svcOrchSpec = { env: [...more, ...env] };
      const predictors = Array.from({ length: 32 }, (_, at) => ({
        ...predictor,
        name: `p${at}`,
        svcOrchSpec,
      }));
      return Object.assign(spec, { predictors });
    });
    const { status, body } = await create(manifest);
    expect([status, body.message]).toEqual([201, undefined]);
  });

  test('gives a component without a pod spec an empty one', async () => {
    const manifest = changed(iris, (_spec, predictor) => {
      Object.assign(predictor, { componentSpecs: [{ hpaSpec: { maxReplicas: 3 } }] });
    });
    const { body } = await create(manifest);
    expect(body['spec']).toMatchObject({
      predictors: [{ componentSpecs: [{ spec: { containers: [] } }] }],
    });
  });

  test.each(refusals.map((refusal) => [refusal.what, refusal] as const))(
    'refuses %s',
    async (_what, { change, of = 'iris.yaml', named, says }) => {
      const { status, body } = await create(changed(fixture(of), change));
      expect([status, body.message]).toEqual([422, expect.stringContaining(named)]);
      expect(body.message).toContain(says);
    },
  );

  test.each([
    ['iris.v1', 'must be a DNS label that starts with a letter'],
    ['1-iris', 'must be a DNS label that starts with a letter'],
    ['i'.repeat(64), 'may not be more than 63'],
  ])('refuses the name %s', async (name, says) => {
    const { status, body } = await create({ ...iris, metadata: { name } });
    expect([status, body.message]).toEqual([422, expect.stringContaining('metadata.name')]);
    expect(body.message).toContain(says);
  });

  test.each([[{}], [{ spec: null }], [{ spec: 'iris' }], [{ spec: [] }], [{ spec: {} }]])(
    'refuses %j for a whole SeldonDeployment',
    async (fields) => {
      const { apiVersion, kind, metadata } = iris;
      const { status, body } = await create({ apiVersion, kind, metadata, ...fields });
      expect([status, body.message]).toEqual([422, expect.stringContaining('spec')]);
    },
  );

  test('tells a misspelt field by its name', async () => {
    const misspell: Change = (spec) => Object.assign(spec, { protocl: 'tensorflow' });
    const { status, body } = await create(changed(iris, misspell));
    expect([status, body.message]).toEqual([400, expect.stringContaining('spec.protocl')]);
  });

  test('lets several writers each keep their predictors', async () => {
    const sdep = placed(iris, await kube.createNamespace());
    await kube.admin.apply(sdep, { fieldManager: 'one' });
    const canary = changed(sdep, (_spec, predictor) =>
      Object.assign(predictor, { name: 'canary' }),
    );
    await kube.admin.apply(canary, { fieldManager: 'another' });
    const { body } = await kube.admin.request('GET', await kube.admin.pathOf(sdep));
    expect(body['spec']).toMatchObject({ predictors: [{ name: 'default' }, { name: 'canary' }] });
  });
});

interface Condition {
  readonly type: string;
  readonly status: string;
}

const url = 'http://iris-deployment-default.default.svc.cluster.local:8000/api/v1.0/predictions';
const address = { name: 'default', url, CACerts: 'PEM', audience: 'group/kind/namespace/name' };
const condition = (type: string, status = 'True') => ({
  type,
  status,
  reason: 'Because',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
  observedGeneration: 1,
});
const fullStatus = {
  address,
  addressable: address,
  addresses: [address, { ...address, name: 'canary' }],
  conditions: [condition('Ready'), condition('Accepted', 'Unknown')],
  observedGeneration: 1,
  replicas: 3,
  selector: 'seldon-deployment-id=iris-deployment',
  state: 'Available',
  description: '',
  deploymentStatus: { 'iris-0': { replicas: 3, availableReplicas: 3, status: 'Available' } },
  serviceStatus: { 'iris-default': { svcName: 'iris-default', httpEndpoint: 'x' } },
};

describe.skipIf(kube.missing)('the status of a SeldonDeployment', () => {
  const writeStatus = (sdep: Manifest, status: object, fieldManager = 'seldon-eventing') => {
    const { apiVersion, kind, metadata } = sdep;
    const manifest = { apiVersion, kind, metadata, status };
    return kube.admin.apply<KubeObject & Refusal>(manifest, {
      subresource: 'status',
      force: false,
      fieldManager,
    });
  };

  test('takes everything that the controller writes', async () => {
    const { status, body } = await writeStatus(await created(iris), fullStatus);
    expect([status, body.message]).toEqual([200, undefined]);
    expect(body['status']).toEqual(fullStatus);
  });

  test.each([
    ['a field that is not declared', { nonsense: 1 }, '.status.nonsense: field not declared'],
    ['two addresses of one name', { addresses: [address, address] }, 'duplicate entries'],
    ['a condition without status', { conditions: [{ type: 'Ready' }] }, 'status: Required value'],
    ['a status that is no word of three', { conditions: [condition('Ready', 'Yes')] }, '"Unknown"'],
  ])('refuses %s', async (_what, part, says) => {
    const sdep = await created(iris);
    const { status, body } = await writeStatus(sdep, { ...fullStatus, ...part });
    expect([status >= 400, body.message]).toEqual([true, expect.stringContaining(says)]);
    const { body: live } = await kube.admin.request('GET', await kube.admin.pathOf(sdep));
    expect(live['status']).toBeUndefined();
  });

  test('lets several writers each keep their conditions and addresses', async () => {
    const sdep = await created(iris);
    await writeStatus(sdep, { conditions: [condition('Ready')], addresses: [address] });
    const theirs = { ...address, name: 'mesh' };
    await writeStatus(sdep, { conditions: [condition('Routed')], addresses: [theirs] }, 'another');
    const { body } = await kube.admin.request('GET', await kube.admin.pathOf(sdep));
    expect(body['status']).toEqual({
      conditions: [condition('Ready'), condition('Routed')],
      addresses: [address, theirs],
    });
  });

  test('is what the scale subresource shows, and scaling sets spec.replicas', async () => {
    const sdep = await created(iris);
    await writeStatus(sdep, fullStatus);
    const path = await kube.admin.pathOf(sdep);
    const scaled = await kube.admin.request('PATCH', `${path}/scale`, { spec: { replicas: 4 } });
    expect(scaled.body).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 4 },
      status: { replicas: 3, selector: 'seldon-deployment-id=iris-deployment' },
    });
    const { body } = await kube.admin.request('GET', path);
    expect(body['spec']).toMatchObject({ replicas: 4 });
  });
});
