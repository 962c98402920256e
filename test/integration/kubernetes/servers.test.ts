import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { kubernetesVersion } from '../../support/kube-install.ts';
import { type KubeObject, useKubeServer } from '../../support/kube-server.ts';

const kube = await useKubeServer({ controllerManager: true });

const configMap = (namespace: string, name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name },
  data,
});
const configMaps = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`;

/** Asks until the answer has this status; the test's own timeout ends it. */
async function untilStatus(path: string, status: number): Promise<KubeObject> {
  for (;;) {
    const answer = await kube.admin.request('GET', path);
    if (answer.status === status) return answer.body;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe.skipIf(kube.missing)('a Kubernetes API server', () => {
  test('is ready, over TLS that is verified', async () => {
    const answer = await kube.admin.request<string>('GET', '/readyz');
    expect(answer).toEqual({ status: 200, body: 'ok' });
  });

  test('applies an object of a kind that it knows, field by field and by manager', async () => {
    const namespace = await kube.createNamespace();
    const created = await kube.admin.apply(configMap(namespace, 'shared', { ours: '1' }));
    expect(created.status).toBe(201);
    const theirs = configMap(namespace, 'shared', { theirs: '2' });
    await kube.admin.apply(theirs, { fieldManager: 'another' });
    const both = await kube.admin.request('GET', `${configMaps(namespace)}/shared`);
    expect(both.body['data']).toEqual({ ours: '1', theirs: '2' });
    const conflict = configMap(namespace, 'shared', { ours: 'taken' });
    const refused = await kube.admin.apply(conflict, { fieldManager: 'another', force: false });
    expect(refused.status).toBe(409);
    const unknown = { apiVersion: 'v1', kind: 'Unheard', metadata: { name: 'x' } };
    await expect(kube.admin.apply(unknown)).rejects.toThrow(/knows no Unheard of v1/);
  });

  test('keeps nothing of a dry run', async () => {
    const namespace = await kube.createNamespace();
    const dry = await kube.admin.apply(configMap(namespace, 'dry'), { dryRun: true });
    expect(dry.status).toBe(201);
    await untilStatus(`${configMaps(namespace)}/dry`, 404);
  });

  test('gives a service account the rights that RBAC gives it, and no others', async () => {
    const namespace = await kube.createNamespace();
    const account = await kube.clientFor({ namespace, serviceAccount: 'powerless' });
    const denied = await account.request<{ message: string }>('GET', configMaps(namespace));
    expect(denied.status).toBe(403);
    expect(denied.body.message).toContain(`system:serviceaccount:${namespace}:powerless`);
    const metadata = { namespace, name: 'reader' };
    const group = 'rbac.authorization.k8s.io';
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }];
    await kube.admin.apply({ apiVersion: `${group}/v1`, kind: 'Role', metadata, rules });
    await kube.admin.apply({
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: group, kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'powerless', namespace }],
    });
    // The authorizer learns of it from a watch.
    await expect
      .poll(async () => (await account.request('GET', configMaps(namespace))).status)
      .toBe(200);
    const create = await account.request('POST', configMaps(namespace), configMap(namespace, 'x'));
    expect(create.status).toBe(403);
    const stranger = await kube.clientFor({ token: 'nobody-has-this' });
    expect((await stranger.request('GET', configMaps(namespace))).status).toBe(401);
  });

  test('deletes what belongs to an object that is deleted', async () => {
    const namespace = await kube.createNamespace();
    const owner = await kube.admin.apply(configMap(namespace, 'owner'));
    const { uid } = owner.body.metadata;
    const owned = configMap(namespace, 'owned');
    const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid };
    const metadata = { ...owned.metadata, ownerReferences: [reference] };
    await kube.admin.apply({ ...owned, metadata });
    await kube.admin.apply(configMap(namespace, 'stranger'));
    await kube.admin.request('DELETE', `${configMaps(namespace)}/owner`);
    await untilStatus(`${configMaps(namespace)}/owned`, 404);
    await untilStatus(`${configMaps(namespace)}/stranger`, 200);
  });

  test('puts labelled rules into the ClusterRole that aggregates them', async () => {
    const name = await kube.createNamespace();
    const labels = { [`test/${name}`]: 'true' };
    const rules = [{ apiGroups: ['test'], resources: ['things'], verbs: ['get'] }];
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' };
    const whole = { ...role, metadata: { name: `${name}-whole` } };
    const part = { ...role, metadata: { name: `${name}-part`, labels }, rules };
    const clusterRoleSelectors = [{ matchLabels: labels }];
    await kube.admin.apply({ ...whole, aggregationRule: { clusterRoleSelectors } });
    await kube.admin.apply(part);
    const path = await kube.admin.pathOf(whole);
    await expect
      .poll(async () => (await kube.admin.request('GET', path)).body['rules'], { timeout: 30_000 })
      .toEqual(rules);
    await kube.admin.request('DELETE', path);
    await kube.admin.request('DELETE', await kube.admin.pathOf(part));
  });

  test('is described by a kubeconfig that names it and holds one token', async () => {
    const namespace = await kube.createNamespace();
    const file = await kube.kubeconfigFor({ namespace, serviceAccount: 'default' });
    const text = await readFile(file, 'utf8');
    expect(text).toContain(await serverOf(kube.kubeconfigPath()));
    await expect(kube.kubeconfigFor({ user: 'nobody' })).rejects.toThrow(/no user nobody/);
  });
});

/** Ours come as JSON. */
async function serverOf(kubeconfigFile: string): Promise<string> {
  const { server } = /"?server"?: *"?(?<server>https:[^"\s]+)/.exec(
    await readFile(kubeconfigFile, 'utf8'),
  )?.groups ?? { server: '' };
  return server ?? '';
}

describe.skipIf(!kube.restartable)('a Kubernetes API server of our own', () => {
  test('has the version that go.mod names', async () => {
    const version = await kube.admin.request<{ gitVersion: string }>('GET', '/version');
    expect(version.body.gitVersion).toBe(kubernetesVersion);
  });

  test('comes back from a kill on the same port, with its objects and tokens', async () => {
    const namespace = await kube.createNamespace();
    const account = await kube.clientFor({ namespace, serviceAccount: 'survivor' });
    await kube.admin.apply(configMap(namespace, 'kept', { a: '1' }));
    await kube.stopApiServer();
    // Refused, or hung up on where a connection was kept.
    await expect(kube.admin.request('GET', configMaps(namespace))).rejects.toThrow(
      /ECONN|socket hang up/,
    );
    await kube.startApiServer();
    const kept = await kube.admin.request('GET', `${configMaps(namespace)}/kept`);
    expect(kept.body['data']).toEqual({ a: '1' });
    expect((await account.request('GET', configMaps(namespace))).status).toBe(403);
    await kube.restart();
    expect((await kube.admin.request('GET', `${configMaps(namespace)}/kept`)).status).toBe(200);
    expect(await kube.log()).toContain('kube-apiserver');
  });
});
