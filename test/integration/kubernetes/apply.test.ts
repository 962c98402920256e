import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { KubernetesApiError } from '../../../src/kubernetes/api-error.ts';
import { createKubernetesClient, type KubernetesClient } from '../../../src/kubernetes/client.ts';
import { createEventRecorder } from '../../../src/kubernetes/events.ts';
import type { KubeObject } from '../../../src/kubernetes/kube-object.ts';
import { readManifests } from '../../../src/kubernetes/manifests-file.ts';
import { useKubeServer } from '../../support/kube-server.ts';

const kube = await useKubeServer();
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const schedule = (ms: number, action: () => void) => {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
};
const now = (): number => performance.now();
const deps = { schedule, now, log: silent };

const toClose: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0)) await close();
});

function client(options: Parameters<typeof createKubernetesClient>[0] = {}): KubernetesClient {
  const made = createKubernetesClient({ kubeconfigPath: kube.kubeconfigPath(), ...options }, deps);
  toClose.unshift(made.close);
  return made;
}

const configMap = (namespace: string, data: object, name = 'c'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name },
  data,
});
const refOf = (namespace: string, name = 'c') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace,
  name,
});

async function refusalOf(call: Promise<unknown>): Promise<KubernetesApiError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KubernetesApiError);
  return error as KubernetesApiError;
}

/** The CRD that is shipped; served when this resolves. */
async function installCrd(own: KubernetesClient): Promise<void> {
  const read = readManifests(await readFile('config/crd/seldondeployments.yaml', 'utf8'));
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  for (const crd of read.objects) await own.apply(crd, { fieldManager: 'test', force: true });
  await vi.waitFor(
    async () => {
      const found = await own.discover('machinelearning.seldon.io/v1', 'SeldonDeployment');
      expect(found).toEqual({
        apiVersion: 'machinelearning.seldon.io/v1',
        kind: 'SeldonDeployment',
        plural: 'seldondeployments',
        namespaced: true,
      });
    },
    { timeout: 30_000, interval: 200 },
  );
}

describe.skipIf(kube.missing)('writing to a real API server', () => {
  test('apply makes, changes, takes back what is no longer said, and writes nothing for the same', async () => {
    const namespace = await kube.createNamespace();
    const own = client();
    const options = { fieldManager: 'us', force: true };
    const made = await own.apply(configMap(namespace, { a: '1', b: '2' }), options);
    expect(made['data']).toEqual({ a: '1', b: '2' });
    const changed = await own.apply(configMap(namespace, { a: '3' }), options);
    expect(changed['data']).toEqual({ a: '3' });
    const same = await own.apply(configMap(namespace, { a: '3' }), options);
    expect(same.metadata.resourceVersion).toBe(changed.metadata.resourceVersion);
    expect(await own.get(refOf(namespace))).toEqual(same);
  });

  test("another's fields: a conflict that names him and the field, until it is forced", async () => {
    const namespace = await kube.createNamespace();
    const own = client();
    await own.apply(configMap(namespace, { a: 'his' }), { fieldManager: 'him' });
    const error = await refusalOf(
      own.apply(configMap(namespace, { a: 'ours' }), { fieldManager: 'us' }),
    );
    expect([error.status, error.reason]).toEqual([409, 'Conflict']);
    expect(error.causes).toEqual([
      { reason: 'FieldManagerConflict', message: 'conflict with "him"', field: '.data.a' },
    ]);
    const forced = await own.apply(configMap(namespace, { a: 'ours' }), {
      fieldManager: 'us',
      force: true,
    });
    expect(forced['data']).toEqual({ a: 'ours' });
  });

  test('a dry run is answered with what would be, and stores nothing', async () => {
    const namespace = await kube.createNamespace();
    const own = client();
    const dry = await own.apply(configMap(namespace, { a: '1' }), {
      fieldManager: 'us',
      dryRun: true,
    });
    expect(dry['data']).toEqual({ a: '1' });
    expect(await own.get(refOf(namespace))).toBeUndefined();
    const created = await own.create(configMap(namespace, { a: '1' }), { dryRun: true });
    expect(created.metadata.name).toBe('c');
    expect(await own.get(refOf(namespace))).toBeUndefined();
  });

  test('create, replace and remove: only what was seen is replaced or removed', async () => {
    const namespace = await kube.createNamespace();
    const own = client();
    const first = await own.create(configMap(namespace, { a: '1' }));
    expect((await refusalOf(own.create(configMap(namespace, {})))).reason).toBe('AlreadyExists');
    const second = await own.replace({ ...first, data: { a: '2' } });
    expect((await refusalOf(own.replace({ ...first, data: { a: '3' } }))).status).toBe(409);
    const patched = await own.patchMerge(refOf(namespace), { data: { a: null, b: '4' } });
    expect(patched['data']).toEqual({ b: '4' });
    const { uid, resourceVersion } = second.metadata;
    const stale = { preconditions: { resourceVersion: resourceVersion ?? '' } };
    expect((await refusalOf(own.remove(refOf(namespace), stale))).status).toBe(409);
    expect(
      (await refusalOf(own.remove(refOf(namespace), { preconditions: { uid: 'another' } }))).status,
    ).toBe(409);
    expect(await own.remove(refOf(namespace), { preconditions: { uid: uid ?? '' } })).toBe(true);
    expect(await own.remove(refOf(namespace))).toBe(false);
  });

  test('a kind that is installed while we run is found; its status is applied by itself, undeclared fields refused whole', async () => {
    const namespace = await kube.createNamespace();
    const own = client();
    const { apiVersion, kind } = {
      apiVersion: 'machinelearning.seldon.io/v1',
      kind: 'SeldonDeployment',
    };
    expect(await own.get({ apiVersion, kind, namespace, name: 'x' })).toBeUndefined();
    await installCrd(own);
    const metadata = { namespace, name: 'iris' };
    const graph = { name: 'classifier', type: 'MODEL' };
    const componentSpecs = [{ spec: { containers: [{ name: 'classifier', image: 'i' }] } }];
    const spec = { predictors: [{ name: 'default', graph, componentSpecs }] };
    const sdep = await own.apply({ apiVersion, kind, metadata, spec }, { fieldManager: 'user' });
    const status = { address: { url: 'http://iris.example' } };
    const options = { fieldManager: 'us', force: true, subresource: 'status' } as const;
    const written = await own.apply({ apiVersion, kind, metadata, status }, options);
    expect(written['status']).toEqual(status);
    expect(written.metadata.generation).toBe(sdep.metadata.generation);
    const undeclared = { ...status, notDeclared: true };
    const error = await refusalOf(
      own.apply({ apiVersion, kind, metadata, status: undeclared }, options),
    );
    expect(error.message).toContain('notDeclared');
    expect((await own.get({ apiVersion, kind, namespace, name: 'iris' }))?.['status']).toEqual(
      status,
    );
    const wrong = { ...spec, predictors: 'none' };
    const invalid = await refusalOf(
      own.apply({ apiVersion, kind, metadata, spec: wrong }, { fieldManager: 'user' }),
    );
    expect(invalid.message).toContain('spec.predictors');
  });

  test('strict validation refuses a field that a kind does not know', async () => {
    const namespace = await kube.createNamespace();
    const typo = { ...configMap(namespace, {}), dota: {} };
    const own = client();
    const error = await refusalOf(
      own
        .create(typo)
        .then(() => own.apply(typo, { fieldManager: 'us', fieldValidation: 'Strict' })),
    );
    expect(error.message).toContain('dota');
  });

  test('without a right: which one is missing, for whom', async () => {
    const namespace = await kube.createNamespace();
    const user = { namespace, serviceAccount: 'powerless' };
    const own = client({ kubeconfigPath: await kube.kubeconfigFor(user) });
    const error = await refusalOf(own.apply(configMap(namespace, {}), { fieldManager: 'us' }));
    expect([error.status, error.reason]).toEqual([403, 'Forbidden']);
    expect(error.message).toContain(`system:serviceaccount:${namespace}:powerless`);
    expect(error.message).toContain(
      `allow "patch" on "configmaps" of API group "" in namespace ${namespace}`,
    );
    const listing = await refusalOf(
      own.list({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        plural: 'deployments',
        namespaced: true,
      }),
    );
    expect(listing.message).toContain(
      'allow "list" on "deployments" of API group "apps" in the whole cluster',
    );
  });

  test('a namespace that is not there is told as such', async () => {
    const error = await refusalOf(
      client().apply(configMap('not-there', {}), { fieldManager: 'us' }),
    );
    expect([error.status, error.reason]).toEqual([404, 'NotFound']);
    expect(error.message).toContain('namespaces "not-there" not found');
  });

  test('a certificate that its authority did not sign is refused, with what to do', async () => {
    const config = parse(await readFile(kube.kubeconfigPath(), 'utf8'));
    delete config.clusters[0].cluster['certificate-authority-data'];
    const error = await refusalOf(
      client({ kubeconfigPath: undefined, kubeconfig: stringify(config) }).list({
        apiVersion: 'v1',
        kind: 'Pod',
        plural: 'pods',
        namespaced: true,
      }),
    );
    expect(error.reason).toBe('Unreachable');
    expect(error.message).toContain('check the certificate authority');
  });

  test('Events are taken by the server, and counted up', async () => {
    const namespace = await kube.createNamespace();
    const own = client();
    const object = await own.create(configMap(namespace, {}));
    const recorder = createEventRecorder(
      { component: 'seldon-eventing.io/controller', instance: 'pod-1' },
      {
        client: own,
        schedule,
        now,
        wallClock: () => Date.now(),
        log: silent,
      },
    );
    recorder.record(object, 'Warning', 'SecretMissing', 'ü'.repeat(2_000), 'Reconcile');
    const events = async () => {
      const resource = await own.discover('events.k8s.io/v1', 'Event');
      return resource === undefined ? [] : (await own.list(resource, { namespace })).items;
    };
    await vi.waitFor(async () => expect(await events()).toHaveLength(1), { timeout: 10_000 });
    recorder.record(object, 'Warning', 'SecretMissing', 'ü'.repeat(2_000), 'Reconcile');
    recorder.record(object, 'Warning', 'SecretMissing', 'ü'.repeat(2_000), 'Reconcile');
    await recorder.close();
    expect(recorder.dropped()).toBe(0);
    expect(await events()).toMatchObject([
      {
        reason: 'SecretMissing',
        regarding: { name: 'c', uid: object.metadata.uid },
        series: { count: 3 },
      },
    ]);
  });
});
