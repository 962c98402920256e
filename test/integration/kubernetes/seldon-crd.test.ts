import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { applyCrds } from '../../support/apply-crds.ts';
import { configDir, foreignCrds, readYaml } from '../../support/config-dir.ts';
import { useKubeServer } from '../../support/kube-server.ts';
import { buildOwn, kustomizeMissing } from '../../support/kustomize.ts';

const kube = await useKubeServer();
const noKustomize = await kustomizeMissing();

interface Answer {
  readonly message?: string;
  readonly status?: object;
}

function seldonsCrd(): Manifest {
  const found = foreignCrds.find(({ name }) => name === 'seldon-core-v1.yaml');
  if (found === undefined) throw new Error('there is no test/fixtures/crds/seldon-core-v1.yaml');
  return found.manifest;
}
const patchFile = join(configDir, 'components/seldon-crd/status.yaml');
const [patch] = readYaml<readonly object[]>(patchFile);

const url = 'http://iris-default.default.svc.cluster.local:8000/api/v1.0/predictions';
const condition = (type: string) => ({
  type,
  status: 'True',
  lastTransitionTime: '2026-01-01T00:00:00Z',
});
const status = {
  address: { url },
  addressable: { url },
  addresses: [{ name: 'default', url, CACerts: 'PEM', audience: 'a/b/c/d' }],
  conditions: [{ ...condition('HttpReachable'), observedGeneration: 1 }],
  observedGeneration: 1,
  replicas: 1,
  selector: 'seldon-deployment-id=iris',
  state: 'Available',
};

describe.skipIf(kube.missing)("the status of Seldon's own CRD", () => {
  test('refuses our status whole, until it is patched; then both writers have room', async () => {
    const { admin } = kube;
    const namespace = await kube.createNamespace();
    const text = JSON.stringify(seldonsCrd());
    const crd: Manifest = JSON.parse(text.replaceAll('seldon-core-v1', namespace));
    const crdPath = await admin.pathOf(crd);
    onTestFinished(async () => {
      await admin.request('DELETE', crdPath);
    });
    await applyCrds(admin, [crd]);
    const sdep = {
      apiVersion: `${namespace}.example.com/v1`,
      kind: 'SeldonDeployment',
      metadata: { name: 'iris', namespace },
    };
    await admin.apply({ ...sdep, spec: {} });
    const write = async (fields: object, fieldManager: string) => {
      const options = { subresource: 'status', force: false, fieldManager };
      return (await admin.apply<Answer>({ ...sdep, status: fields }, options)).body;
    };
    const refused = await write(status, 'seldon-eventing');
    expect(refused.message).toContain('field not declared in schema');
    const { body: live } = await admin.request('GET', await admin.pathOf(sdep));
    expect(live['status']).toBeUndefined();
    // Twice: as it is told for a CRD that may have been patched before.
    for (const _ of [1, 2]) {
      const patched = await admin.request('PATCH', crdPath, patch, 'application/json-patch+json');
      expect(patched.status).toBe(200);
    }
    await expect
      .poll(async () => (await write(status, 'seldon-eventing')).status, { timeout: 30_000 })
      .toEqual(status);
    const both = await write({ conditions: [condition('DeploymentsReady')] }, 'seldon');
    expect(both.status).toMatchObject({
      addresses: status.addresses,
      conditions: [{ type: 'HttpReachable' }, { type: 'DeploymentsReady' }],
    });
  });

  test.skipIf(noKustomize)(
    'can be patched by kustomize, beside the operator',
    async () => {
      const name = 'seldondeployments.machinelearning.seldon.io';
      const crd = { ...seldonsCrd(), metadata: { name } };
      const components = ['components/seldon-crd'];
      const [built] = await buildOwn({ manifests: [crd], components });
      expect(built?.metadata).toEqual({ name, labels: { 'duck.knative.dev/addressable': 'true' } });
      expect(JSON.stringify(built)).toContain('"addressable":{');
    },
    600_000,
  );
});
